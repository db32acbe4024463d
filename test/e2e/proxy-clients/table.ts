// The table: every pair of variables and URL that dialects and real clients are asked about.

export interface Pair {
  readonly variables: Readonly<Record<string, string>>;
  readonly url: string;
}

const IMDS = 'http://169.254.169.254/latest/meta-data/';
const IMDS6 = 'http://[fd00:ec2::254]/latest/meta-data/';
const STS = 'https://sts.us-east-1.amazonaws.com/';
const APP = 'http://app.example/';

const PROXY = 'http://192.0.2.1:3128';
const OTHER = 'http://proxy.example:8080';

const pair = (url: string, variables: Pair['variables']): Pair => ({ variables, url });

/** Both spellings of everything, so that each client finds the proxy and only the exemption differs. */
const exempting = (noProxy: string, ...urls: readonly string[]): Pair[] =>
  urls.map((url) =>
    pair(url, {
      http_proxy: PROXY,
      HTTP_PROXY: PROXY,
      https_proxy: PROXY,
      HTTPS_PROXY: PROXY,
      no_proxy: noProxy,
      NO_PROXY: noProxy,
    }),
  );

/** Which variable names the proxy. */
const NAMES: readonly Pair[] = [
  pair(IMDS, {}),
  pair(IMDS6, {}),
  pair(STS, {}),
  pair(IMDS, { http_proxy: PROXY }),
  pair(IMDS6, { http_proxy: PROXY }),
  pair(IMDS, { HTTP_PROXY: PROXY }),
  pair(IMDS6, { HTTP_PROXY: PROXY }),
  pair(IMDS, { all_proxy: PROXY }),
  pair(IMDS, { ALL_PROXY: PROXY }),
  pair(STS, { all_proxy: PROXY }),
  pair(STS, { ALL_PROXY: PROXY }),
  pair(IMDS, { all_proxy: PROXY, ALL_PROXY: OTHER }),
  // Spaces make a proxy unreadable, so the route tells which of the two was read.
  pair(IMDS, { all_proxy: 'not a proxy', ALL_PROXY: OTHER }),
  pair(IMDS, { http_proxy: 'not a proxy', HTTP_PROXY: OTHER }),
  pair(STS, { https_proxy: 'not a proxy', HTTPS_PROXY: OTHER }),
  pair(STS, { https_proxy: 'http:///', HTTPS_PROXY: 'http:///' }),
  pair(IMDS, { http_proxy: PROXY, all_proxy: OTHER }),
  pair(IMDS, { HTTP_PROXY: PROXY, ALL_PROXY: OTHER }),
  pair(IMDS, { http_proxy: PROXY, HTTP_PROXY: OTHER }),
  pair(STS, { https_proxy: PROXY, HTTPS_PROXY: OTHER }),
  pair(IMDS, { https_proxy: PROXY }),
  pair(IMDS, { HTTPS_PROXY: PROXY }),
  pair(STS, { https_proxy: PROXY }),
  pair(STS, { HTTPS_PROXY: PROXY }),
  pair(STS, { http_proxy: PROXY }),
  pair(STS, { HTTP_PROXY: PROXY }),
  pair(STS, { http_proxy: PROXY, https_proxy: OTHER }),
  pair(IMDS, { http_proxy: '' }),
  pair(IMDS, { http_proxy: '', HTTP_PROXY: PROXY }),
  pair(IMDS, { http_proxy: PROXY, HTTP_PROXY: '' }),
  pair(IMDS, { http_proxy: '', all_proxy: PROXY }),
  pair(IMDS, { HTTP_PROXY: '', ALL_PROXY: PROXY }),
  pair(STS, { https_proxy: '', HTTPS_PROXY: PROXY }),
  pair(STS, { https_proxy: '', http_proxy: PROXY }),
  pair(IMDS, { Http_Proxy: PROXY }),
  pair(IMDS, { HTTP_proxy: PROXY }),
  pair(IMDS, { http_PROXY: PROXY }),
  pair(IMDS, { Http_Proxy: PROXY, http_proxy: '' }),
  pair(IMDS, { no_proxy: '*' }),
  pair(IMDS, { ftp_proxy: PROXY, PROXY: PROXY }),
  // CGI: HTTP_PROXY may be a header of somebody's request.
  pair(IMDS, { HTTP_PROXY: PROXY, REQUEST_METHOD: 'GET' }),
  pair(IMDS, { http_proxy: PROXY, REQUEST_METHOD: 'GET' }),
  pair(IMDS, { http_proxy: PROXY, HTTP_PROXY: OTHER, REQUEST_METHOD: 'GET' }),
  pair(IMDS, { CGI_HTTP_PROXY: PROXY, REQUEST_METHOD: 'GET' }),
  pair(IMDS, { HTTP_PROXY: OTHER, CGI_HTTP_PROXY: PROXY, REQUEST_METHOD: 'GET' }),
  pair(IMDS, { HTTP_PROXY: PROXY, REQUEST_METHOD: '' }),
  pair(IMDS, { HTTP_PROXY: PROXY, NO_PROXY: '169.254.169.254', REQUEST_METHOD: 'GET' }),
  pair(IMDS, { all_proxy: PROXY, REQUEST_METHOD: 'GET' }),
  pair(STS, { HTTPS_PROXY: PROXY, REQUEST_METHOD: 'GET' }),
  pair(IMDS, { CGI_HTTP_PROXY: PROXY }),
  // Which spelling of the exemption counts.
  pair(IMDS, { http_proxy: PROXY, HTTP_PROXY: PROXY, no_proxy: '169.254.169.254' }),
  pair(IMDS, { http_proxy: PROXY, HTTP_PROXY: PROXY, NO_PROXY: '169.254.169.254' }),
  pair(IMDS, { http_proxy: PROXY, HTTP_PROXY: PROXY, no_proxy: '', NO_PROXY: '169.254.169.254' }),
  pair(IMDS, { http_proxy: PROXY, HTTP_PROXY: PROXY, no_proxy: '169.254.169.254', NO_PROXY: '' }),
  pair(IMDS, { http_proxy: PROXY, HTTP_PROXY: PROXY, no_proxy: '169.254.169.254', NO_PROXY: 'app.example' }),
  pair(IMDS, { http_proxy: PROXY, HTTP_PROXY: PROXY, no_proxy: 'app.example', NO_PROXY: '169.254.169.254' }),
  pair(IMDS, { http_proxy: PROXY, HTTP_PROXY: PROXY, No_Proxy: '169.254.169.254' }),
];

/** What exempts the IPv4 metadata address. */
const IPV4: readonly Pair[] = [
  ...exempting('169.254.169.254', IMDS, 'http://169.254.169.254:80/', 'http://169.254.169.254:8080/'),
  ...exempting('169.254.169.254:80', IMDS, 'http://169.254.169.254:80/', 'http://169.254.169.254:8080/'),
  ...exempting('169.254.169.254:8080', IMDS, 'http://169.254.169.254:8080/'),
  ...exempting('169.254.169.254:080', IMDS),
  ...exempting('169.254.0.0/16', IMDS, 'http://169.254.170.2/v2/credentials', 'http://169.254.169.254:8080/'),
  ...[
    '*',
    ' * ',
    '*,app.example',
    'app.example,*',
    '*:80',
    '**',
    '*.*',
    '169.254.169.254/32',
    '169.254.169.0/24',
    '169.254.1.1/16',
    '169.254.169.254/0',
    '0.0.0.0/0',
    '169.254.169.254/33',
    '169.254.169.254/-1',
    '169.254.169.254/',
    '169.254.169.254/016',
    '169.254.169.254/16x',
    '169.254.169.254/255.255.0.0',
    '169.254.169.254/32/1',
    '169.254/16',
    '169.254',
    '169.254.',
    '169.254.*',
    '254',
    '.254',
    '*.254',
    '*254',
    '169.254.254',
    '.169.254.169.254',
    '*.169.254.169.254',
    '169.254.169.254.',
    '169.254.169.254:',
    'http://169.254.169.254',
    '169.254.169.254/latest',
    '169.254.169.250-169.254.169.255',
    '[169.254.169.254]',
    '::ffff:169.254.169.254',
    '169.254.169.254%lo',
    '0xa9.0xfe.0xa9.0xfe',
    '2852039166',
    '169.254.169.0254',
    '"169.254.169.254"',
    'instance-data.ec2.internal',
    '169.254.170.2',
    'localhost',
    '::/0',
    'fd00:ec2::254',
  ].flatMap((noProxy) => exempting(noProxy, IMDS)),
  ...exempting('169.254.170.2', 'http://169.254.170.2/v2/credentials'),
  ...exempting('169.254.170.23', 'http://169.254.170.23/v1/credentials'),
  ...exempting('169.254.169.254', 'https://169.254.169.254/'),
];

/** What exempts the IPv6 metadata address: nothing does for everybody. */
const IPV6: readonly Pair[] = [
  ...exempting(
    'fd00:ec2::254',
    IMDS6,
    'http://[fd00:ec2::254]:80/',
    'http://[fd00:ec2::254]:8080/',
    'http://[FD00:EC2::254]/',
    'http://[fd00:ec2:0:0:0:0:0:254]/',
  ),
  ...exempting(
    '[fd00:ec2::254]',
    IMDS6,
    'http://[fd00:ec2::254]:80/',
    'http://[fd00:ec2::254]:8080/',
    'http://[FD00:EC2::254]/',
    'http://[fd00:ec2:0:0:0:0:0:254]/',
  ),
  ...exempting('[fd00:ec2::254]:80', IMDS6, 'http://[fd00:ec2::254]:80/', 'http://[fd00:ec2::254]:8080/'),
  ...exempting('fd00:ec2::254,[fd00:ec2::254]', IMDS6, 'http://[fd00:ec2::254]:8080/'),
  ...[
    '*',
    'FD00:EC2::254',
    '[FD00:EC2::254]',
    'fd00:ec2:0:0:0:0:0:254',
    'fd00:0ec2::0254',
    'fd00:ec2::254/128',
    'fd00:ec2::/32',
    'fd00::/8',
    'fc00::/7',
    'fd00:ec2::/127',
    '[fd00:ec2::]/32',
    '[fd00:ec2::/32]',
    '::/0',
    '0.0.0.0/0',
    'fd00:ec2::254:80',
    'fd00:ec2::',
    ':254',
    '254',
    '*:254',
    '*::254',
    '.fd00:ec2::254',
    'fd00:ec2::254%lo',
    'fd00:ec2::254.',
    '[fd00:ec2::254',
    'fd00:ec2::254]',
    '169.254.169.254',
    '*]',
  ].flatMap((noProxy) => exempting(noProxy, IMDS6)),
  ...exempting('fd00:ec2:0:0:0:0:0:254', 'http://[fd00:ec2:0:0:0:0:0:254]/'),
];

/** Names: labels, dots, stars, case, ports; and addresses that a name stands for. */
const HOSTS: readonly Pair[] = [
  ...exempting('app.example', APP, 'http://www.app.example/', 'http://APP.Example/', 'http://app.example./'),
  ...exempting('.app.example', APP, 'http://www.app.example/'),
  ...exempting('*.app.example', APP, 'http://www.app.example/'),
  ...exempting('*.example', APP, 'http://www.app.example/'),
  ...exempting('app.example.', APP, 'http://app.example./'),
  ...exempting('.example.', APP),
  ...exempting('app.example:80', APP, 'http://app.example:8080/'),
  ...exempting('app.example:8080', APP, 'http://app.example:8080/'),
  ...exempting('.example:8080', 'http://app.example:8080/', APP),
  ...[
    'example',
    '.example',
    'EXAMPLE',
    '.Example',
    '*example',
    'ample',
    '.ple',
    '..example',
    '.',
    '*.',
    'App.Example',
  ].flatMap((noProxy) => exempting(noProxy, APP)),
  ...exempting('app.example:http', APP),
  ...exempting('192.0.2.80', APP, 'http://intranet/'),
  ...exempting('192.0.2.0/24', APP),
  ...exempting('2001:db8::/32', 'http://six.example/', 'http://[2001:db8::80]:8080/'),
  ...exempting('intranet', 'http://intranet/', 'http://intranet:8080/'),
  ...exempting('169.254.169.254', 'http://instance-data.ec2.internal/latest/'),
  ...exempting('amazonaws.com', STS),
  ...exempting('.amazonaws.com', STS),
  ...exempting('*.amazonaws.com', STS),
  ...exempting('sts.us-east-1.amazonaws.com:443', STS),
  ...exempting('sts.us-east-1.amazonaws.com:8080', STS, 'https://sts.us-east-1.amazonaws.com:8080/'),
];

/** Whether this machine itself is proxied. */
const LOOPBACK: readonly Pair[] = [
  ...exempting(
    '',
    'http://localhost:8080/',
    'http://LOCALHOST:8080/',
    'http://127.0.0.1:1338/',
    'http://127.0.0.2:8080/',
    'http://[::1]:8080/',
    'http://loop.example:8080/',
    'https://localhost/',
  ),
  ...exempting('localhost', 'http://localhost:8080/', 'http://127.0.0.1:1338/'),
  ...exempting('127.0.0.0/8', 'http://127.0.0.1:1338/', 'http://localhost:8080/'),
  pair(IMDS, { http_proxy: 'http://127.0.0.1:3128', HTTP_PROXY: 'http://127.0.0.1:3128' }),
  pair(IMDS, { http_proxy: 'http://[::1]:3128', HTTP_PROXY: 'http://[::1]:3128' }),
];

/** How entries are told apart. */
const SEPARATORS: readonly Pair[] = [
  'app.example,169.254.169.254',
  'app.example, 169.254.169.254',
  'app.example ,169.254.169.254',
  'app.example , 169.254.169.254',
  '169.254.169.254 ,app.example',
  'app.example 169.254.169.254',
  '169.254.169.254 app.example',
  'app.example\t169.254.169.254',
  'app.example\n169.254.169.254',
  'app.example;169.254.169.254',
  'app.example|169.254.169.254',
  ',169.254.169.254',
  '169.254.169.254,',
  ',,169.254.169.254,,',
  ' 169.254.169.254',
  '169.254.169.254 ',
  '\t169.254.169.254',
  ' ',
  ',',
].flatMap((noProxy) => exempting(noProxy, IMDS));

/** How the proxy itself is written. */
const PROXIES: readonly Pair[] = [
  '192.0.2.1:3128',
  '192.0.2.1',
  'proxy:3128',
  'proxy',
  'proxy.example:3128',
  'proxy.example',
  'proxy.example.:3128',
  'http://proxy.example',
  'http://192.0.2.1:3128/',
  'http://192.0.2.1:3128/path',
  'http://192.0.2.1:3128?query',
  'http://192.0.2.1:3128#fragment',
  'http://192.0.2.1:',
  '192.0.2.1:',
  'http://192.0.2.1:03128',
  'http://192.0.2.1:0',
  'http://192.0.2.1:99999',
  'http://192.0.2.1:squid',
  'HTTP://192.0.2.1:3128',
  'http:/192.0.2.1:3128',
  'http:192.0.2.1:3128',
  'http:///192.0.2.1:3128',
  '//192.0.2.1:3128',
  '/192.0.2.1:3128',
  'http://user:secret@192.0.2.1:3128',
  'user:secret@192.0.2.1:3128',
  'http://user@192.0.2.1:3128',
  'http://:secret@192.0.2.1:3128',
  'http://user:s@cret@192.0.2.1:3128',
  'http://user:s%ret@192.0.2.1:3128',
  'http://user:s/ret@192.0.2.1:3128',
  'http://[2001:db8::1]:3128',
  'http://[2001:db8::1]',
  '[2001:db8::1]:3128',
  'http://2001:db8::1:3128',
  'http://[2001:db8::1',
  'http://[192.0.2.1]:3128',
  'https://192.0.2.1:3128',
  'https://proxy.example',
  'socks://192.0.2.1:1080',
  'socks4://192.0.2.1:1080',
  'socks5://192.0.2.1:1080',
  'socks5://192.0.2.1',
  'socks5h://192.0.2.1:1080',
  'bogus://192.0.2.1:3128',
  ' http://192.0.2.1:3128',
  'http://192.0.2.1:3128 ',
  'http://192.0.2.1:3128,http://proxy.example:8080',
  'http://',
  'http://:3128',
  'none',
  'not a proxy',
].flatMap((text) => [pair(IMDS, { http_proxy: text, HTTP_PROXY: text })]);

const BROKEN_BUT_EXEMPT: readonly Pair[] = [
  'http://[2001:db8::1',
  'http:/192.0.2.1',
  'bogus://192.0.2.1:3128',
  '192.0.2.1:3128',
]
  .map((text) => ({
    http_proxy: text,
    HTTP_PROXY: text,
    no_proxy: '169.254.169.254',
    NO_PROXY: '169.254.169.254',
  }))
  .flatMap((variables) => [pair(IMDS, variables), pair(STS, variables)]);

/** Combinations nobody picked: a generator with a fixed seed (Numerical Recipes' constants). */
function generated(count: number): Pair[] {
  let state = 20_260_501;
  const pick = <T>(from: readonly [T, ...T[]]): T => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return from[Math.floor((state / 2 ** 32) * from.length)] ?? from[0];
  };
  const proxy = () => pick([PROXY, PROXY, OTHER, '192.0.2.1:3128', 'https://192.0.2.1:3128', '']);
  const entry = () =>
    pick([
      '169.254.169.254',
      '169.254.0.0/16',
      'fd00:ec2::254',
      '[fd00:ec2::254]',
      'fd00:ec2::/32',
      '.example',
      '*',
      '.amazonaws.com',
      'localhost',
      '169.254.169.254:80',
      '127.0.0.1',
      '',
    ]);
  const list = () => `${entry()}${pick([',', ', ', ' '])}${entry()}${pick([',', ', ', ' '])}${entry()}`;
  return Array.from({ length: count }, () => {
    const variables: Record<string, string> = { [pick(['http_proxy', 'HTTP_PROXY', 'all_proxy'])]: proxy() };
    variables[pick(['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'ALL_PROXY'])] = proxy();
    variables[pick(['no_proxy', 'NO_PROXY'])] = list();
    if (pick([true, false, false])) variables[pick(['no_proxy', 'NO_PROXY'])] = list();
    if (pick([true, false, false, false, false, false])) variables['REQUEST_METHOD'] = 'GET';
    return pair(
      pick([
        IMDS,
        IMDS,
        IMDS6,
        IMDS6,
        STS,
        APP,
        'http://127.0.0.1:1338/',
        'http://169.254.170.2/v2/credentials',
      ]),
      variables,
    );
  });
}

export const TABLE: readonly Pair[] = [
  ...NAMES,
  ...IPV4,
  ...IPV6,
  ...HOSTS,
  ...LOOPBACK,
  ...SEPARATORS,
  ...PROXIES,
  ...BROKEN_BUT_EXEMPT,
  ...generated(80),
];
