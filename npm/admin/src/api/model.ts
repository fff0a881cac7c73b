/** Names for the shapes of the admin API, which `openapi.json` describes. */
import type { components, paths } from '../../dist/openapi/paths.js';

type Schemas = components['schemas'];
export type Paths = paths;
export type Feature = Schemas['Feature'];
export type Rollout = Schemas['Rollout'];
export type Evaluation = Schemas['Evaluation'];
export type Step = Schemas['Step'];
export type Explained = Schemas['Explained'];
export type Definition = Schemas['Definition'];
export type Flag = Schemas['Flag'];
export type Consequence = Schemas['Consequences'][number];
export type Problem = Schemas['Problem'];
export type Change = Schemas['Change'];
export type AnyChange = Schemas['Change'] | Schemas['ErasedChange'];
export type Written = Schemas['Written'];
export type Environment = Schemas['Environment'];
export type Key = Schemas['Key'];
export type ApiToken = Schemas['ApiToken'];
export type Schedule = Schemas['Schedule'];
export type Webhook = Schemas['Webhook'];
export type Delivery = Schemas['Delivery'];
export type Import = Schemas['Import'];
export type Difference = Schemas['Difference'];
export type Provider = NonNullable<paths['/dashboard/sign-in']['get']['responses'][200]['content']['application/json']['openId']>;
export type Me = paths['/api/admin/me']['get']['responses'][200]['content']['application/json'];
