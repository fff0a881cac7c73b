/** A chat widget whose nine features are switched by flags. `@twinflag/chat-widget/define` defines the element. */
export { Chat, type ChatOptions } from './chat.js';
export { Conversation } from './conversation/conversation.js';
export { type Delivery, type Message, merge } from './conversation/message.js';
export type { ConnectionState } from './delivery/connection.js';
export { TwinflagChatElement } from './element.js';
export { type Feature, FLAG_KEYS } from './features.js';
export type { ChatWidgetFeatureFlags } from './flags.js';
export type { Saving } from './storage/archive.js';
export type { Store } from './storage/store.js';
export { TEXTS, type Texts } from './view/texts.js';
