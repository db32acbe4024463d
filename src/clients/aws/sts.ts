// Asks STS who signs (GetCallerIdentity): the one call that needs no permission and tells expired from wrong.
import type { Dispatcher } from 'undici';
import type { IdentityAnswer } from '../../core/chain.ts';
import { withoutSecrets } from '../../core/secrets.ts';
import { shownAccessKeyId, shownText } from '../../core/text.ts';
import { serviceEndpoint } from '../../facts/aws-endpoints.ts';
import type { SigningCredentials } from './credentials.ts';
import { createAwsDispatcher } from './dispatcher.ts';
import { isErrorCode } from './error-code.ts';
import { refusal } from './failure.ts';
import { type Environment, proxyRoute } from './proxy.ts';
import { element, postQuery, type QueryAnswer, type QueryClientOptions } from './query.ts';

export interface Sts {
  /** Never rejects. */
  callerIdentity(credentials: SigningCredentials, signal: AbortSignal): Promise<IdentityAnswer>;
  /** Where requests go, as a URL, or null before the Region is known. */
  endpoint(): string | null;
  close(): void;
}

/** STS answers in well under a second from anywhere; who signs is worth no longer wait for the rest of a diagnosis. */
export const STS_TIMEOUT_MS = 2_000;
const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';
/** Signed for where only an endpoint is given. */
const FALLBACK_REGION = 'us-east-1';

export function createSts(options: QueryClientOptions): Sts {
  let dispatcher: Dispatcher | null = null;
  const { timeoutMs = STS_TIMEOUT_MS } = options;
  const endpoint = (): string | null => {
    const region = options.region();
    return options.endpoint ?? (region === null ? null : serviceEndpoint('sts', region));
  };
  return {
    endpoint,
    async callerIdentity(credentials, signal) {
      const at = endpoint();
      if (at === null) return unasked('the Region is not known, so there is nowhere to ask');
      const url = new URL(at);
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      dispatcher ??= createAwsDispatcher(options.environment, timeoutMs);
      try {
        const answer = await postQuery({
          dispatcher,
          url,
          form: BODY,
          service: 'sts',
          region: options.region() ?? FALLBACK_REGION,
          credentials,
          userAgent: options.userAgent,
          nowMs: options.wallMs() + (options.clockCorrectionMs() ?? 0),
          signal: limit,
        });
        return answered(answer, credentials);
      } catch (error) {
        const { detail } = refusal(error, { endpoint: url.origin, credentials, cutOff: limit.aborted });
        return {
          ...NOTHING,
          state: 'failed',
          detail: `${detail}${throughProxy(url, options.environment)}`,
          accessKeyId: shownAccessKeyId(credentials.accessKeyId),
        };
      }
    },
    close() {
      dispatcher?.destroy().catch(() => undefined);
      dispatcher = null;
    },
  };
}

/** Whoever was not reached may have been the proxy. */
function throughProxy(url: URL, environment: Environment): string {
  const route = proxyRoute(url, environment);
  return route.via === 'proxy'
    ? `, on the way through the proxy ${shownText(new URL(route.url).host, 80)}`
    : '';
}

const NOTHING = { arn: null, accountId: null, code: null, accessKeyId: null };

/** For credentials that nobody asked STS about. */
export const unasked = (detail: string): IdentityAnswer => ({ ...NOTHING, state: 'not-asked', detail });

function answered({ status, body }: QueryAnswer, credentials: SigningCredentials): IdentityAnswer {
  const accessKeyId = shownAccessKeyId(credentials.accessKeyId);
  const known = [credentials.secretAccessKey, credentials.sessionToken ?? ''];
  const clean = (text: string): string => shownText(withoutSecrets(text, known));
  const arn = element(body, 'Arn');
  const account = element(body, 'Account');
  if (status === 200 && arn?.startsWith('arn:') && account !== null && /^\d{12}$/.test(account)) {
    const shown = clean(arn);
    return { state: 'accepted', arn: shown, accountId: account, code: null, detail: shown, accessKeyId };
  }
  const code = element(body, 'Code');
  if (status >= 400 && status < 500 && code !== null && isErrorCode(code, known)) {
    const detail = clean(element(body, 'Message') ?? `HTTP ${status}`);
    return { ...NOTHING, state: 'refused', code, detail, accessKeyId };
  }
  const detail = `what answered with HTTP ${status} does not speak as STS does`;
  return { ...NOTHING, state: 'failed', detail, accessKeyId };
}
