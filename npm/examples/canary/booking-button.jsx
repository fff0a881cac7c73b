import { useFeatureFlag } from '@twinflag/react/boolean';

/** The button that books: with the agent for those who have it. */
export function BookingButton() {
  const isBookingAgentEnabled = useFeatureFlag('booking_agent_enabled');

  if (!isBookingAgentEnabled) {
    return <ClassicBookingButton />;
  }

  return <AIBookingButton />;
}

const ClassicBookingButton = () => (
  <button type="button" id="booking">
    Book a session
  </button>
);

const AIBookingButton = () => (
  <button type="button" id="booking">
    Book with the agent
  </button>
);
