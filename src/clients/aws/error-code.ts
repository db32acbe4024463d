// What may be taken for an error code of AWS, and so shown as it is.
import { holdsSecret } from '../../core/secrets.ts';

const ERROR_CODE = /^[A-Za-z][A-Za-z0-9._-]{2,79}$/;

/** Whether it reads like one (`ExpiredToken`, `InvalidInstanceID.NotFound`), and is none of the `known` secrets. */
export const isErrorCode = (text: string, known: readonly string[] = []): boolean =>
  ERROR_CODE.test(text) && !holdsSecret(text, known);
