// A profile page whose new side a few users have, a booking button with an AI side, and the seven AI flags.
import { FlagProvider } from '@twinflag/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { AiFlags } from './ai-flags.jsx';
import { BookingButton } from './booking-button.jsx';
import { ProfilePage } from './profile.jsx';

// A real page has its user from a login. Without one, nobody is in a canary.
const query = new URLSearchParams(location.search);
const userId = query.get('user') ?? undefined;
const options = { url: location.origin, clientKey: query.get('key'), context: { userId } };

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <FlagProvider options={options}>
      <ProfilePage />
      <BookingButton />
      <AiFlags />
    </FlagProvider>
  </StrictMode>,
);
