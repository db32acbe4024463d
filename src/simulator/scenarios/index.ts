// The scenarios of `simulate`, in the order they are shown.
import { cloudwatchDown } from './cloudwatch-down.ts';
import { cloudwatchExpiredToken } from './cloudwatch-expired-token.ts';
import { cloudwatchThrottled } from './cloudwatch-throttled.ts';
import { disabled } from './disabled.ts';
import { expired } from './expired.ts';
import { expiring } from './expiring.ts';
import { healthy } from './healthy.ts';
import { hopLimit } from './hop-limit.ts';
import { malformed } from './malformed.ts';
import { noRole } from './no-role.ts';
import { roleNotAssumable } from './role-not-assumable.ts';
import type { Scenario } from './scenario.ts';
import { skewedClock } from './skewed-clock.ts';
import { slow } from './slow.ts';
import { throttled } from './throttled.ts';
import { throttledHard } from './throttled-hard.ts';
import { unreachable } from './unreachable.ts';
import { unsynchronisedClock } from './unsynchronised-clock.ts';

/** Names are the files' names. */
export const SCENARIO_TABLE = {
  healthy,
  expiring,
  expired,
  'no-role': noRole,
  'role-not-assumable': roleNotAssumable,
  throttled,
  'throttled-hard': throttledHard,
  'hop-limit': hopLimit,
  disabled,
  unreachable,
  slow,
  malformed,
  'skewed-clock': skewedClock,
  'unsynchronised-clock': unsynchronisedClock,
  'cloudwatch-down': cloudwatchDown,
  'cloudwatch-throttled': cloudwatchThrottled,
  'cloudwatch-expired-token': cloudwatchExpiredToken,
} as const satisfies Record<string, Scenario>;

export type ScenarioId = keyof typeof SCENARIO_TABLE;
