/** The widget's words. A page replaces any of them by the element's property `texts`. */
export const TEXTS = {
  heading: 'Chat with us',
  open: 'Open the chat',
  close: 'Close the chat',
  unread: (count: number) => `${count} unread`,
  conversation: 'Conversation',
  greeting: 'Hello! How can we help?',
  compose: 'Your message',
  send: 'Send',
  you: 'You',
  agent: 'Support',
  waiting: 'Sending…',
  failed: 'Not sent.',
  retrying: 'Not sent yet.',
  again: 'Try again',
  offline: 'You are offline.',
  offlineRetrying: 'You are offline. Your messages are sent when you are back.',
  unreachable: 'We cannot be reached at the moment.',
  unreachableRetrying: 'We cannot be reached at the moment. Your messages are sent as soon as we can.',
  notKept: 'Your browser keeps no copy of this conversation. It is gone when you leave the page.',
  shortened: 'Your browser is full, so the oldest messages are no longer kept.',
  restored: 'Your conversation goes on where you left it.',
  startAgain: 'Start a new conversation',
} as const;

/** {@link TEXTS} with words of one's own. */
export type Texts = { readonly [Name in keyof typeof TEXTS]: (typeof TEXTS)[Name] extends string ? string : (typeof TEXTS)[Name] };
