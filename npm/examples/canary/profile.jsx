import { useFeatureFlag } from '@twinflag/react';

import { Tabs } from './tabs.jsx';

/** The new profile for the users of the canary, and the old one for all others; until that is known, the shape of both. */
export function ProfilePage() {
  const { enabled: showEnhanced, loading } = useFeatureFlag('profile_ui_revamp');
  if (loading) return <ProfileSkeleton />;
  return showEnhanced ? <EnhancedProfilePage /> : <LegacyProfilePage />;
}

function ProfileSkeleton() {
  return (
    <section aria-busy="true" aria-label="Profile">
      <div className="skeleton" style={{ height: '7rem', background: '#ddd' }} />
    </section>
  );
}

function EnhancedProfilePage() {
  return (
    <section aria-label="Profile">
      <h1>
        Profile <span className="badge">Enhanced</span>
      </h1>
      <Tabs names={['Overview', 'Settings', 'Advanced']} />
    </section>
  );
}

function LegacyProfilePage() {
  return (
    <section aria-label="Profile">
      <h1>Profile</h1>
      <Tabs names={['Overview', 'Settings']} />
    </section>
  );
}
