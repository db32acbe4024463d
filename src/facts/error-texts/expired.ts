// Error texts that say: the credentials have expired.
import { CAUSES } from './causes.ts';
import type { ErrorText } from './entry.ts';

const EXPIRED_CAUSES = [
  CAUSES.environment,
  CAUSES.pastedProfile,
  CAUSES.frozen,
  CAUSES.expiredAtSource,
  CAUSES.javaProperties,
  CAUSES.cliCache,
  CAUSES.roleChaining,
  CAUSES.slowClock,
];

export const EXPIRED: readonly ErrorText[] = [
  {
    id: 'expired-token',
    title: 'The request was signed with temporary credentials that have run out',
    said: [
      {
        client: 'AWS CLI',
        text: 'An error occurred (ExpiredToken) when calling the PutObject operation: The provided token has expired.',
        source: 'https://github.com/department-of-veterans-affairs/content-build/pull/1958',
      },
      {
        client: 'boto3',
        text: 'botocore.exceptions.ClientError: An error occurred (ExpiredToken) when calling the CreateRole operation: The security token included in the request is expired',
        source: 'https://github.com/aws-samples/aws-iot-twinmaker-samples/issues/147',
      },
      {
        client: 'AWS SDK for Java 1',
        text: 'com.amazonaws.services.sqs.model.AmazonSQSException: The security token included in the request is expired (Service: AmazonSQS; Status Code: 403; Error Code: ExpiredToken; Request ID: 25b9b369-9954-5d2c-8c21-e84006d4ec55; Proxy: null).',
        source: 'https://github.com/aws/aws-sdk-java/issues/2802',
      },
      {
        client: 'AWS SDK for Java 2',
        text: 'software.amazon.awssdk.services.dynamodb.model.DynamoDbException: The security token included in the request is expired (Service: DynamoDb, Status Code: 400, Request ID: DBA8J1MT6841FTVO2NKVHJ08CNVV4KQNSO5AEMVJF66Q9ASUAAJG)',
        source: 'https://github.com/aws/aws-sdk-java-v2/issues/3142',
      },
      {
        client: 'AWS SDK for JavaScript 2',
        text: 'ExpiredToken: The provided token has expired.',
        source: 'https://github.com/nathanpeck/s3-upload-stream/issues/39',
      },
      {
        client: 'AWS SDK for Go 2',
        text: 'operation error Lambda: ListProvisionedConcurrencyConfigs, https response error StatusCode: 403, RequestID: xxxx, api error ExpiredTokenException: The security token included in the request is expired',
        source: 'https://github.com/cloudquery/cq-provider-aws/pull/1171',
      },
      {
        client: 'Terraform',
        text: 'Error: error configuring Terraform AWS Provider: error validating provider credentials: error calling sts:GetCallerIdentity: operation error STS: GetCallerIdentity, https response error StatusCode: 403, RequestID: 6d1b2715-c592-449e-8c50-f6f8a7e27ca7, api error ExpiredToken: The security token included in the request is expired',
        source: 'https://github.com/aws-samples/serverless-patterns/issues/970',
      },
      {
        client: 'AWS SDK for .NET',
        text: 'Error occured: The provided token has expired. while trying to get object with key <key> from bucket <bucket>, stacktrace: at Amazon.Runtime.Internal.HttpErrorResponseExceptionHandler.HandleExceptionStream',
        source: 'https://github.com/aws/aws-sdk-net/issues/3141',
      },
      {
        client: 'AWS SDK for C++',
        text: 'Unable to parse ExceptionName: ExpiredToken Message: The provided token has expired.',
        source: 'https://github.com/aws/aws-sdk-cpp/issues/1684',
      },
      {
        client: 'Amazon S3 (XML)',
        text: '<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message>',
        source: 'https://github.com/archiecobbs/s3backer/issues/146',
      },
      {
        client: 'fluent-bit, Fluentd and OpenSearch clients',
        text: '{"message":"The security token included in the request is expired"}',
        source: 'https://github.com/aws/aws-for-fluent-bit/issues/187',
      },
    ],
    patterns: [
      ['The security token included in the request is expired'],
      ['The provided token has expired'],
      ['ExpiredToken'],
    ],
    causes: EXPIRED_CAUSES,
  },
  {
    id: 'request-expired',
    title: 'EC2’s way to say that credentials have run out, or that the clock is wrong',
    said: [
      {
        client: 'AWS CLI',
        text: 'An error occurred (RequestExpired) when calling the DescribeInstances operation: Request has expired.',
        source: 'https://github.com/hellofresh/eks-rolling-update/issues/103',
      },
      {
        client: 'AWS SDK for Java 1',
        text: 'com.amazonaws.services.ec2.model.AmazonEC2Exception: Request has expired. (Service: AmazonEC2; Status Code: 400; Error Code: RequestExpired; Request ID: 213aa903-1660-42b7-838f-176cbed53e74)',
        source: 'https://github.com/aws/aws-sdk-java/issues/1443',
      },
      {
        client: 'AWS SDK for Go 2',
        text: 'operation error EC2: DescribeRegions, https response error StatusCode: 400, RequestID: a43d7953-edec-4f82-adf4-f23b2b51500a, api error RequestExpired: Request has expired.',
        source: 'https://github.com/aws/aws-sdk-go-v2/issues/1674',
      },
    ],
    patterns: [['RequestExpired', 'Request has expired'], ['RequestExpired']],
    causes: [CAUSES.skewedClock, ...EXPIRED_CAUSES],
  },
  {
    id: 'still-expired-after-refresh',
    title: 'The SDK asked for new credentials and was given expired ones',
    said: [
      {
        client: 'botocore',
        text: 'RuntimeError: Credentials were refreshed, but the refreshed credentials are still expired.',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/credentials.py',
      },
      {
        client: 'AWS SDK for .NET',
        text: 'Amazon.Runtime.AmazonClientException: The retrieved credentials have already expired: Now = 05/19/2025 06:43:19, Credentials expiration = 05/16/2025 23:49:10',
        source: 'https://github.com/aws/aws-sdk-net/issues/3864',
      },
    ],
    patterns: [
      ['refreshed credentials are still expired'],
      ['The retrieved credentials have already expired'],
    ],
    causes: [
      CAUSES.expiredAtSource,
      {
        text: 'The local clock is ahead, so that good credentials look expired.',
        findings: ['clock-skewed'],
        command: 'imds-probe check --only clock',
      },
      {
        text: 'A credential_process hands out expired credentials.',
        findings: ['process-credentials-shadow-role'],
        command: 'imds-probe check --only process-credentials-shadow-role',
      },
      CAUSES.container,
    ],
  },
  {
    id: 'expiration-extended',
    title: 'The SDK could not refresh and goes on with credentials that are about to end or have ended',
    said: [
      {
        client: 'botocore',
        text: 'Attempting credential expiration extension due to a credential service availability issue. A refresh of these credentials will be attempted again within the next 12 minutes.',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/utils.py',
      },
      {
        client: 'AWS SDK for JavaScript 3',
        text: 'Attempting credential expiration extension due to a credential service availability issue. A refresh of these credentials will be attempted after <time>',
        source:
          'https://github.com/smithy-lang/smithy-typescript/blob/main/packages/credential-provider-imds/src/utils/getExtendedInstanceMetadataCredentials.ts',
      },
      {
        client: 'AWS SDK for Java 2',
        text: 'IMDS credential expiration has been extended due to an IMDS availability outage. A refresh of these credentials will be attempted again in 15 minutes.',
        source: 'https://github.com/aws/aws-sdk-java-v2/issues/3142',
      },
    ],
    patterns: [
      ['credential expiration extension due to a credential service availability issue'],
      ['credential expiration has been extended due to'],
    ],
    causes: [CAUSES.expiredAtSource, CAUSES.unreachable, CAUSES.throttled, CAUSES.skewedClock],
  },
  {
    id: 'sso-session-expired',
    title: 'The single sign-on session has run out, or nobody has signed in yet',
    said: [
      {
        client: 'AWS CLI, boto3',
        text: 'The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO session run aws sso login with the corresponding profile.',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/exceptions.py',
      },
      {
        client: 'AWS CLI, boto3',
        text: 'Error when retrieving token from sso: Token has expired and refresh failed',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/tokens.py',
      },
      {
        client: 'AWS CLI, boto3',
        text: 'Error loading SSO Token: Token for <session> does not exist',
        source: 'https://github.com/boto/botocore/blob/develop/botocore/exceptions.py',
      },
      {
        client: 'AWS SDK for JavaScript 2',
        text: 'The SSO session associated with this profile has expired. To refresh this SSO session run aws sso login with the corresponding profile.',
        source: 'https://github.com/aws/aws-sdk-js/blob/master/lib/credentials/sso_credentials.js',
      },
      {
        client: 'AWS SDK for Go 1',
        text: 'the SSO session has expired or is invalid',
        source: 'https://github.com/aws/aws-sdk-go/blob/main/aws/credentials/ssocreds/provider.go',
      },
      {
        client: 'AWS SDK for Go 2, Terraform, Steampipe',
        text: 'operation error STS: GetCallerIdentity, get identity: get credentials: failed to refresh cached credentials, refresh cached SSO token failed, unable to refresh SSO token, operation error SSO OIDC: CreateToken, https response error StatusCode: 400, RequestID: 06215636-0fb1-4274-8a2c-3c15cf2ea18a, InvalidGrantException:',
        source: 'https://github.com/turbot/steampipe-plugin-github/issues/469',
      },
    ],
    patterns: [
      ['The SSO session associated with this profile has expired'],
      ['the SSO session has expired or is invalid'],
      ['Error when retrieving token from sso', 'Token has expired'],
      ['refresh cached SSO token failed'],
      ['Error loading SSO Token'],
    ],
    causes: [CAUSES.ssoExpired, CAUSES.brokenProfile],
  },
  {
    id: 'web-identity-token-expired',
    title: 'The web identity token has run out before the role could be assumed with it',
    said: [
      {
        client: 'boto3',
        text: 'botocore.errorfactory.ExpiredTokenException: An error occurred (ExpiredTokenException) when calling the AssumeRoleWithWebIdentity operation: Token expired: current date/time 1624482533 must be before the expiration date/time1624482335',
        source: 'https://github.com/awslabs/aws-orbit-workbench/issues/707',
      },
    ],
    patterns: [
      ['Token expired: current date/time', 'must be before the expiration date/time'],
      ['ExpiredToken', 'AssumeRoleWithWebIdentity operation'],
    ],
    causes: [CAUSES.webIdentity, CAUSES.skewedClock, CAUSES.frozen],
  },
];
