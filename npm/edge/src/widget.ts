/** The chat widget's flags: their home is the widget's own package, whose sources are part of this one. */
export * from '../../chat-widget/src/flags.js';
