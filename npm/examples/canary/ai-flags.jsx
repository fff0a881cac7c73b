import { useFeatureFlag } from '@twinflag/react';

const AI_FLAGS = [
  'ai_alpha_users',
  'ai_beta_users',
  'ai_ga_enabled',
  'booking_agent_enabled',
  'session_agent_enabled',
  'insights_agent_enabled',
  'followup_agent_enabled',
];

/** The answers of the seven AI flags for this user, with their reasons. */
export function AiFlags() {
  return (
    <ul id="ai-flags" aria-label="AI features">
      {AI_FLAGS.map(name => (
        <AiFlag key={name} name={name} />
      ))}
    </ul>
  );
}

function AiFlag({ name }) {
  const { enabled, loading, reason } = useFeatureFlag(name);
  return (
    <li title={reason}>
      {name}: {loading ? '…' : enabled ? 'on' : 'off'}
    </li>
  );
}
