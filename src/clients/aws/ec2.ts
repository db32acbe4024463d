// Asks EC2 for the metadata options of this instance (DescribeInstances), where the role may.
import type { Dispatcher } from 'undici';
import type { InstanceOptions } from '../../core/endpoint.ts';
import { failed, type Result, succeeded } from '../../core/outcome.ts';
import { withoutSecrets } from '../../core/secrets.ts';
import { shownText } from '../../core/text.ts';
import { serviceEndpoint } from '../../facts/aws-endpoints.ts';
import type { SigningCredentials } from './credentials.ts';
import { createAwsDispatcher } from './dispatcher.ts';
import { isErrorCode } from './error-code.ts';
import { refusal } from './failure.ts';
import { element, postQuery, type QueryAnswer, type QueryClientOptions } from './query.ts';

export interface Ec2 {
  /** Never rejects. `permission` where the role may not, `http-status` for other refusals. */
  metadataOptions(
    instanceId: string,
    credentials: SigningCredentials,
    signal: AbortSignal,
  ): Promise<Result<InstanceOptions>>;
  close(): void;
}

const TIMEOUT_MS = 3_000;
/** EC2 API reference, DescribeInstances. */
const VERSION = '2016-11-15';
/** Signed for where only an endpoint is given. */
const FALLBACK_REGION = 'us-east-1';
/** EC2 API reference, "Error codes": the one for a missing permission, and what other services call it. */
const DENIED = /^(UnauthorizedOperation|AccessDenied(Exception)?)$/;

export function createEc2(options: QueryClientOptions): Ec2 {
  let dispatcher: Dispatcher | null = null;
  return {
    async metadataOptions(instanceId, credentials, signal) {
      const region = options.region();
      const at = options.endpoint ?? (region === null ? null : serviceEndpoint('ec2', region));
      if (at === null) return failed('unroutable', 'the Region is not known, so EC2 cannot be asked', 0);
      const url = new URL(at);
      const limit = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)]);
      dispatcher ??= createAwsDispatcher(options.environment);
      try {
        const answer = await postQuery({
          dispatcher,
          url,
          form: new URLSearchParams({
            Action: 'DescribeInstances',
            Version: VERSION,
            'InstanceId.1': instanceId,
          }).toString(),
          service: 'ec2',
          region: region ?? FALLBACK_REGION,
          credentials,
          userAgent: options.userAgent,
          nowMs: options.wallMs() + (options.clockCorrectionMs() ?? 0),
          signal: limit,
        });
        return answered(answer, credentials);
      } catch (error) {
        const { detail } = refusal(error, { endpoint: url.origin, credentials, cutOff: limit.aborted });
        return failed('response-timeout', `EC2 was not reached: ${detail}`);
      }
    },
    close() {
      dispatcher?.destroy().catch(() => undefined);
      dispatcher = null;
    },
  };
}

function answered({ status, body }: QueryAnswer, credentials: SigningCredentials): Result<InstanceOptions> {
  if (status === 200) {
    const options = optionsIn(body);
    return options === null
      ? failed('malformed', 'what EC2 answered has no metadata options of one instance')
      : succeeded(options);
  }
  const code = element(body, 'Code') ?? '';
  const known = [credentials.secretAccessKey, credentials.sessionToken ?? ''];
  const shownCode = isErrorCode(code, known) ? code : `HTTP ${status}`;
  if (DENIED.test(code)) {
    return failed('permission', `the role may not ec2:DescribeInstances (${shownCode})`);
  }
  const said = shownText(withoutSecrets(element(body, 'Message') ?? '', known));
  const detail = `EC2 refused with ${shownCode}${said === '' ? '' : `: ${said}`}`;
  return { ok: false, failure: { kind: 'http-status', status, detail } };
}

/** The one `metadataOptions` of the answer; null where there is none, or a value that EC2 never gives. */
function optionsIn(xml: string): InstanceOptions | null {
  const [inner, ...others] = [
    ...xml.matchAll(/<metadataOptions>((?:(?!<\/?metadataOptions>)[\s\S])*)<\/metadataOptions>/g),
  ].map((match) => match[1] ?? '');
  if (inner === undefined || others.length > 0) return null;
  const word = <T extends string>(name: string, ...allowed: readonly T[]): T | null =>
    allowed.find((value) => value === element(inner, name)) ?? null;
  const digits = /^\d{1,2}$/.exec(element(inner, 'httpPutResponseHopLimit') ?? '')?.[0];
  const limit = Number(digits ?? 0);
  const options: InstanceOptions = {
    asked: true,
    state: word('state', 'applied', 'pending'),
    httpEndpoint: word('httpEndpoint', 'enabled', 'disabled'),
    httpTokens: word('httpTokens', 'optional', 'required'),
    httpPutResponseHopLimit: limit >= 1 && limit <= 64 ? limit : null,
    httpProtocolIpv6: word('httpProtocolIpv6', 'enabled', 'disabled'),
  };
  return options.httpTokens === null || options.httpEndpoint === null ? null : options;
}
