// The refusals of AWS that a box can give, with the texts and codes of the real ones.
import type { AwsError } from '../behaviour.ts';

// Codes common to all services: AWS API references, "Common Errors". JSON and CBOR name them with Coral's namespace.
const common = (status: number, code: string, type: string, message: string): AwsError => ({
  status,
  code,
  type: `com.amazon.coral.service#${type}`,
  message,
});

export const missingToken = (): AwsError =>
  common(
    403,
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
    'Request is missing Authentication Token',
  );

export const incompleteSignature = (message: string): AwsError =>
  common(400, 'IncompleteSignature', 'IncompleteSignatureException', message);

export const unknownToken = (): AwsError =>
  common(
    403,
    'InvalidClientTokenId',
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
  );

export const expiredToken = (): AwsError =>
  common(
    403,
    'ExpiredToken',
    'ExpiredTokenException',
    'The security token included in the request is expired',
  );

export const signatureMismatch = (
  message = 'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
): AwsError => common(403, 'SignatureDoesNotMatch', 'InvalidSignatureException', message);

export const throttling = (): AwsError => common(400, 'Throttling', 'ThrottlingException', 'Rate exceeded');

export const accessDenied = (message: string): AwsError =>
  common(403, 'AccessDenied', 'AccessDeniedException', message);

/** EC2's own word for a missing permission (EC2 API reference, "Error codes"). */
export const unauthorizedOperation = (): AwsError =>
  common(
    403,
    'UnauthorizedOperation',
    'UnauthorizedOperation',
    'You are not authorized to perform this operation.',
  );

export const instanceNotFound = (ids: string): AwsError =>
  common(
    400,
    'InvalidInstanceID.NotFound',
    'InvalidInstanceID.NotFound',
    `The instance ID '${ids}' does not exist`,
  );

export const unknownOperation = (operation: string): AwsError =>
  common(400, 'InvalidAction', 'UnknownOperationException', `Could not find operation ${operation}`);

export const malformedRequest = (message: string): AwsError =>
  common(400, 'MalformedInput', 'SerializationException', message);

export const bodyTooLarge = (bytes: number, limit: number): AwsError =>
  common(
    413,
    'RequestEntityTooLarge',
    'RequestEntityTooLargeException',
    `Request size ${bytes} exceeded ${limit} bytes`,
  );

export const internalFailure = (): AwsError =>
  common(
    500,
    'InternalFailure',
    'InternalFailure',
    'The request processing has failed because of an unknown error.',
  );

export const serviceUnavailable = (): AwsError =>
  common(503, 'ServiceUnavailable', 'ServiceUnavailableException', 'Service is unable to handle request.');
