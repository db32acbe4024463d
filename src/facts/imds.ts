// What AWS says about the instance metadata service: limits, defaults, addresses, each with its source.

/** EC2 User Guide, "Use the Instance Metadata Service to access instance metadata". */
export const IMDS_IPV4_ENDPOINT = 'http://169.254.169.254';
export const IMDS_IPV6_ENDPOINT = 'http://[fd00:ec2::254]';

/** EC2 API reference, ModifyInstanceMetadataOptions, HttpPutResponseHopLimit: default 1, range 1–64. */
export const HOP_LIMIT_DEFAULT = 1;
export const HOP_LIMIT_MOST = 64;
/** One bridge between container and instance costs one hop: EC2 User Guide, "considerations for containers". */
export const HOP_LIMIT_CONTAINER = 2;

/** "We make new credentials available at least five minutes before the expiration of the old": EC2 User Guide, IAM roles. */
export const ROTATION_LEAD_SECONDS = 300;

/** Answers that mean "later, not so fast": 503 is documented, 429 is not and real (aws/aws-sdk-go-v2#1995). */
export const THROTTLED_STATUSES: readonly number[] = [429, 503];

/** Default of botocore and others for AWS_METADATA_SERVICE_TIMEOUT, in seconds, and _NUM_ATTEMPTS. */
export const SDK_TIMEOUT_SECONDS = 1;
export const SDK_ATTEMPTS = 1;

/** Pages the findings cite. */
export const AWS_PAGES = {
  useImdsv2: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html',
  imdsOptions: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-existing-instances.html',
  imdsTransition:
    'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-transition-to-version-2.html',
  retrieveMetadata: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html',
  throttling:
    'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html#instancedata-throttling',
  limitAccess: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-limiting-access.html',
  securityCredentials:
    'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html',
  attachRole: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/attach-iam-role.html',
  troubleshootRole: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html',
} as const;
