// The bill of materials in CycloneDX 1.6 (ECMA-424): the program, what is in its bundle, its runtime, and what is in that.
import { createHash } from 'node:crypto';
import type { BundledPackage } from './bundled.ts';
import type { Runtime } from './runtime.ts';
import type { Product } from './tree.ts';

interface Component {
  readonly type: 'application' | 'library';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses?: readonly { readonly expression: string }[];
  readonly hashes?: readonly { readonly alg: 'SHA-512'; readonly content: string }[];
  readonly components?: readonly Component[];
}

/** npm's purl: a scope's @ is percent-encoded (purl-spec, "npm"). */
export const npmPurl = (name: string, version: string): string =>
  `pkg:npm/${name.replace(/^@/, '%40')}@${version}`;

/** An integrity of the lock file as a hash in hexadecimal. */
const hashesOf = (integrity: string | null): Pick<Component, 'hashes'> =>
  integrity === null
    ? {}
    : {
        hashes: [
          {
            alg: 'SHA-512',
            content: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex'),
          },
        ],
      };

/** Names in `process.versions` that are no software of their own. */
const NOT_SOFTWARE = new Set(['node', 'modules', 'napi', 'unicode', 'cldr', 'tz']);

/**
 * The document as text. `runtimeParts` is `process.versions` of that runtime: it is there for scanners, which look for
 * the versions of OpenSSL and zlib that are built in.
 */
export function sbom(
  product: Product,
  bundled: readonly BundledPackage[],
  runtime: Runtime,
  runtimeParts: Readonly<Record<string, string | undefined>>,
): string {
  const own = npmPurl(product.name, product.version);
  const nodeRef = npmPurl(`node-linux-${runtime.arch}`, runtime.version);
  const parts = Object.entries(runtimeParts)
    .filter((part): part is [string, string] => part[1] !== undefined && !NOT_SOFTWARE.has(part[0]))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, version]): Component => ({
        type: 'library',
        'bom-ref': `node:${name}@${version}`,
        name,
        version,
      }),
    );
  const libraries = bundled.map(
    ({ name, version, license, integrity }): Component => ({
      type: 'library',
      'bom-ref': npmPurl(name, version),
      name,
      version,
      purl: npmPurl(name, version),
      licenses: [{ expression: license }],
      ...hashesOf(integrity),
    }),
  );
  const node: Component = {
    type: 'application',
    'bom-ref': nodeRef,
    name: 'node',
    version: runtime.version,
    purl: nodeRef,
    licenses: [{ expression: 'MIT' }],
    ...hashesOf(runtime.integrity),
    components: parts,
  };
  const unique = [...new Map(libraries.map((component) => [component['bom-ref'], component])).values()];
  const content = {
    metadata: {
      timestamp: new Date(product.epoch * 1000).toISOString(),
      component: {
        type: 'application',
        'bom-ref': own,
        name: product.name,
        version: product.version,
        purl: own,
        licenses: [{ expression: 'Apache-2.0' }],
      },
    },
    components: [node, ...unique],
    dependencies: [{ ref: own, dependsOn: [nodeRef, ...unique.map((component) => component['bom-ref'])] }],
  };
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${contentUuid(JSON.stringify(content))}`,
    version: 1,
    ...content,
  };
  return `${JSON.stringify(document, null, 1)}\n`;
}

/** A UUID made of the content (RFC 9562, version 8), so that the same build has the same one. */
function contentUuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
