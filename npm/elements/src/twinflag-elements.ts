/**
 * One file for a page without a bundler: `<script src="…/twinflag-elements.js"></script>` defines the elements, and `twinflag` has the functions.
 */
import { createClient } from '@twinflag/client';
import { bootstrap, pageBootstrap } from '@twinflag/client/bootstrap';
import { outcomes } from '@twinflag/client/outcomes';

import { defineElements } from './define-elements.js';
import { FlagController } from './flag-controller.js';
import { useFeatureFlag } from './use-feature-flag.js';

const functions = { createClient, bootstrap, pageBootstrap, outcomes, FlagController, useFeatureFlag };

export type Twinflag = typeof functions;

declare global {
  var twinflag: Twinflag;
}

globalThis.twinflag ??= functions;
defineElements();
