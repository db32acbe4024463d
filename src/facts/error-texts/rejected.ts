// Error texts that say: AWS knows these credentials as wrong, or the time in the request.
import { CAUSES } from './causes.ts';
import type { ErrorText } from './entry.ts';

export const REJECTED: readonly ErrorText[] = [
  {
    id: 'invalid-token',
    title: 'AWS does not know the key or the session token that came with the request',
    said: [
      {
        client: 'AWS SDK for Go 1',
        text: 'Error: InvalidClientTokenId: The security token included in the request is invalid. status code: 403, request id: 86d1302f-64cb-427a-8824-296ab645b63c',
        source: 'https://github.com/barnybug/cli53/issues/278',
      },
      {
        client: 'Terraform',
        text: 'Error: error configuring Terraform AWS Provider: error validating provider credentials: error calling sts:GetCallerIdentity: InvalidClientTokenId: The security token included in the request is invalid.',
        source: 'https://github.com/hashicorp/terraform-provider-aws/issues/24197',
      },
      {
        client: 'AWS SDK for JavaScript 2',
        text: 'UnrecognizedClientException: The security token included in the request is invalid. at Object.extractError (/snapshot/node_modules/aws-sdk/lib/protocol/json.js:52:27)',
        source: 'https://github.com/aws-amplify/docs/issues/3959',
      },
      {
        client: 'AWS SDK for Go 2',
        text: 'https response error StatusCode: 403, RequestID: 2dfd38a6-d5ec-4fd9-8a9f-aab7abd2f382, api error UnrecognizedClientException: The security token included in the request is invalid',
        source: 'https://github.com/iann0036/iamlive/issues/58',
      },
      {
        client: 'AWS SDK for .NET',
        text: 'Amazon.DynamoDBv2.AmazonDynamoDBException: The security token included in the request is invalid.',
        source: 'https://github.com/aws/aws-sdk-net/issues/1660',
      },
      {
        client: 'Fluentd',
        text: 'error_class=Aws::CloudWatchLogs::Errors::UnrecognizedClientException error="The security token included in the request is invalid."',
        source: 'https://github.com/fluent-plugins-nursery/fluent-plugin-cloudwatch-logs/issues/117',
      },
      {
        client: 'fluent-bit',
        text: '[error] [output:es:es.1] HTTP status=403 URI=/_bulk, response: {"message":"The security token included in the request is invalid"}',
        source: 'https://github.com/aws/aws-for-fluent-bit/issues/187',
      },
    ],
    patterns: [
      ['The security token included in the request is invalid'],
      ['InvalidClientTokenId'],
      ['UnrecognizedClientException'],
    ],
    causes: [
      CAUSES.retiredKey,
      CAUSES.tokenMissing,
      CAUSES.environment,
      CAUSES.roleRejected,
      CAUSES.otherRegion,
      CAUSES.pastedProfile,
    ],
  },
  {
    id: 'unknown-access-key',
    title: 'S3 does not know the access key; a temporary key without its session token looks the same',
    said: [
      {
        client: 'AWS CLI',
        text: 'An error occurred (InvalidAccessKeyId) when calling the ListObjectsV2 operation: The AWS Access Key Id you provided does not exist in our records.',
        source: 'https://github.com/prolane/samltoawsstskeys/issues/40',
      },
      {
        client: 'AWS SDK for Java 1',
        text: 'com.amazonaws.services.s3.model.AmazonS3Exception: The AWS Access Key Id you provided does not exist in our records. (Service: Amazon S3; Status Code: 403; Error Code: InvalidAccessKeyId; Request ID: 70D66789531A94B5',
        source: 'https://github.com/jenkinsci/aws-credentials-plugin/issues/70',
      },
    ],
    patterns: [['The AWS Access Key Id you provided does not exist in our records'], ['InvalidAccessKeyId']],
    causes: [
      CAUSES.tokenMissing,
      CAUSES.retiredKey,
      CAUSES.environment,
      CAUSES.pastedProfile,
      CAUSES.roleRejected,
    ],
  },
  {
    id: 'auth-failure',
    title: 'EC2 refuses the credentials; a wrong clock gets the same answer',
    said: [
      {
        client: 'AWS CLI',
        text: 'An error occurred (AuthFailure) when calling the DescribeSnapshots operation: AWS was not able to validate the provided access credentials',
        source: 'https://github.com/aws/aws-cli/issues/2205',
      },
      {
        client: 'AWS SDK for PHP',
        text: '<Response><Errors><Error><Code>AuthFailure</Code><Message>AWS was not able to validate the provided access credentials</Message>',
        source: 'https://github.com/FoxxMD/laravel-elasticbeanstalk-cron/issues/15',
      },
    ],
    patterns: [['AWS was not able to validate the provided access credentials']],
    causes: [
      CAUSES.skewedClock,
      CAUSES.retiredKey,
      CAUSES.noTimeSource,
      CAUSES.environment,
      CAUSES.otherRegion,
      CAUSES.roleRejected,
    ],
  },
  {
    id: 'signature-expired',
    title: 'The request carries a time that is too far from the real one',
    said: [
      {
        client: 'AWS CLI',
        text: 'A client error (SignatureDoesNotMatch) occurred when calling the AssumeRole operation: Signature expired: 20160609T184512Z is now earlier than 20160610T013008Z (20160610T014508Z - 15 min.)',
        source: 'https://github.com/devsecops/bootcamp/issues/101',
      },
      {
        client: 'AWS SDK for Go 1',
        text: 'SignatureDoesNotMatch: Signature expired: 20151221T200419Z is now earlier than 20151221T201450Z (20151221T201950Z - 5 min.)',
        source: 'https://github.com/convox/rack/issues/235',
      },
      {
        client: 'AWS SDK for JavaScript 2',
        text: 'InvalidSignatureException: Signature not yet current: 20190305T002809Z is still later than 20190304T214315Z (20190304T212815Z + 15 min.)',
        source: 'https://github.com/aws/aws-sdk-js/issues/2565',
      },
    ],
    patterns: [
      ['Signature expired', 'is now earlier than'],
      ['Signature not yet current', 'is still later than'],
      ['SignatureDoesNotMatch', 'Signature expired'],
      ['InvalidSignatureException', 'Signature not yet current'],
      ['Signature expired:'],
      ['Signature not yet current'],
    ],
    causes: [CAUSES.skewedClock, CAUSES.noTimeSource, CAUSES.slowWay],
  },
  {
    id: 'request-time-too-skewed',
    title: 'The local clock and the one of S3 are more than 15 minutes apart',
    said: [
      {
        client: 'AWS SDK for PHP',
        text: '403 RequestTimeTooSkewed (client): The difference between the request time and the current time is too large.',
        source: 'https://github.com/aws/aws-sdk-php/issues/612',
      },
      {
        client: 'AWS SDK for JavaScript 2',
        text: 'RequestTimeTooSkewed: The difference between the request time and the current time is too large.',
        source: 'https://github.com/andrewrk/node-s3-client/issues/59',
      },
      {
        client: 'Amazon S3 (XML)',
        text: '<Error><Code>RequestTimeTooSkewed</Code><Message>The difference between the request time and the current time is too large.</Message><RequestTime>20250901T162148Z</RequestTime><ServerTime>2025-09-03T16:21:50Z</ServerTime>',
        source: 'https://github.com/versity/versitygw/issues/1514',
      },
    ],
    patterns: [
      ['The difference between the request time and the current time is too large'],
      ['RequestTimeTooSkewed'],
    ],
    causes: [CAUSES.skewedClock, CAUSES.noTimeSource, CAUSES.slowWay],
  },
  {
    id: 'signature-mismatch',
    title: 'The signature is not the one AWS computes: the secret key does not belong to the access key',
    said: [
      {
        client: 'every SDK',
        text: 'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
        source: 'https://github.com/mhart/aws4fetch/issues/73',
      },
      {
        client: 'AWS CLI',
        text: 'A client error (SignatureDoesNotMatch) occurred: The request signature we calculated does not match the signature you provided.',
        source: 'https://github.com/aws/aws-cli/issues/135',
      },
      {
        client: 'AWS SDK for Go 1',
        text: 'InvalidSignatureException: The request signature we calculated does not match the signature you provided.',
        source: 'https://github.com/teralytics/prometheus-ecs-discovery/issues/7',
      },
    ],
    patterns: [
      ['The request signature we calculated does not match the signature you provided'],
      ['SignatureDoesNotMatch'],
      ['InvalidSignatureException'],
    ],
    causes: [
      {
        text: 'Access key and secret key come from two different places, or one was cut while it was pasted.',
        findings: ['profile-key-conflict', 'env-credentials-shadow-role', 'profile-shadows-role'],
        command: 'aws configure list',
      },
      {
        text: 'A proxy on the way to AWS changes the request after it was signed.',
        findings: ['tls-intercepted'],
        command: 'imds-probe check --only endpoint',
      },
      CAUSES.skewedClock,
    ],
  },
  {
    id: 'not-authorized',
    title: 'The credentials are good; whoever they belong to may not do this',
    said: [
      {
        client: 'Amazon SSM agent',
        text: 'AccessDeniedException: User: arn:aws:sts::<account>:assumed-role/<role-name>/<instance-id> is not authorized to perform: ssm:UpdateInstanceInformation on resource: arn:aws:ec2:<region>:<account>:instance/<instance-id> because no identity-based policy allows the ssm:UpdateInstanceInformation action',
        source: 'https://github.com/aws/amazon-ssm-agent/issues/543',
      },
    ],
    patterns: [['is not authorized to perform:']],
    causes: [
      {
        text: 'A policy does not allow it: the message names who asked, what for, and often which policy.',
        findings: [],
        command: 'aws sts get-caller-identity',
      },
      {
        text: 'Another identity signed than you think: credentials that come before the role of the instance.',
        findings: ['env-credentials-shadow-role', 'profile-shadows-role', 'java-properties-shadow-role'],
        command: 'imds-probe check --only chain',
      },
      {
        text: 'The role of the instance was exchanged.',
        findings: ['role-changed'],
        command: 'imds-probe check --only role',
      },
      CAUSES.proxied,
    ],
  },
];
