// The catalogue of error texts: what AWS clients say when credentials are missing, expired or refused, and why.
import { CHAIN } from './error-texts/chain.ts';
import type { ErrorText } from './error-texts/entry.ts';
import { EXPIRED } from './error-texts/expired.ts';
import { METADATA } from './error-texts/metadata.ts';
import { METADATA_ANSWERS } from './error-texts/metadata-answers.ts';
import { MISSING } from './error-texts/missing.ts';
import { REJECTED } from './error-texts/rejected.ts';

/** Among equally specific matches the earlier entry is meant more often. */
export const ERROR_TEXTS: readonly ErrorText[] = [
  ...EXPIRED,
  ...MISSING,
  ...METADATA,
  ...METADATA_ANSWERS,
  ...REJECTED,
  ...CHAIN,
];
