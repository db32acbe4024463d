// Every proxy dialect there is, held to its real client in test/e2e/proxy-dialects.test.ts.
import { botocore } from './botocore.ts';
import { curl } from './curl.ts';
import type { Dialect } from './dialect.ts';
import { go } from './go.ts';
import { nodeHttp } from './node-http.ts';
import { nodeProxyFromEnv } from './node-proxy-from-env.ts';
import { nodeUndici } from './node-undici.ts';
import { pythonRequests } from './python-requests.ts';
import { pythonUrllib } from './python-urllib.ts';
import { ruby } from './ruby.ts';
import { wget } from './wget.ts';

export const DIALECTS: readonly Dialect[] = [
  curl,
  wget,
  pythonUrllib,
  pythonRequests,
  go,
  ruby,
  nodeProxyFromEnv,
  nodeUndici,
  botocore,
  nodeHttp,
];
