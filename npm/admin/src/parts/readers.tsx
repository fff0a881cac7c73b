/** Views for callers who read a whole environment. Others are told why they see none, and no request is made that the server would refuse. */
import type { ReactNode } from 'react';

import { Refusal } from '../api/refusal.js';
import { useRights, useSession } from '../session.js';
import { ProblemNote } from './states.js';

export function forReaders(View: () => ReactNode): () => ReactNode {
  return function ForReaders() {
    const { readAll } = useRights();
    const { me } = useSession();
    if (readAll) return <View />;
    const role = me.role.replace('_', ' ');
    return (
      <ProblemNote error={new Refusal('forbidden', `Your role, ${role}, is for one organization, and this view is about all of them.`)} />
    );
  };
}
