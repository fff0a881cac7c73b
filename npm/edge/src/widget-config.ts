/** The chat widget's configuration, as `@twinflag/chat-widget/config` has it: for back ends that import it from here. */
export * from '../../chat-widget/src/config.js';
