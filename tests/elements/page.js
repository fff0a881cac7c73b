// What the tests play with in the page.

import { ContextConsumer, ContextRoot, createContext } from '@lit/context';
import { createClient } from '@twinflag/client';
import { FeatureFlagElement, FLAG_CLIENT, FlagController, FlagProviderElement, useFeatureFlag } from '@twinflag/elements';
import { html, LitElement } from 'lit';

Object.assign(globalThis, { createClient, FeatureFlagElement, FlagController, FlagProviderElement, useFeatureFlag });

// Somebody's page has a root that keeps requests for providers that come late.
new ContextRoot().attach(document.body);

/** An element of Lit's that finds the provider by `@lit/context`. */
class LitConsumer extends LitElement {
  provided = new ContextConsumer(this, { context: createContext(FLAG_CLIENT), subscribe: true });
  render() {
    return html`<output>${this.provided.value?.status ?? 'nobody'}</output>`;
  }
}
customElements.define('lit-consumer', LitConsumer);

/** An element of Lit's with our controllers. */
class LitFlag extends LitElement {
  flag = useFeatureFlag(this, 'f1');
  model = useFeatureFlag(this, 'model', 'none');
  render() {
    const { enabled, loading } = this.flag;
    return html`<output>${loading ? 'loading' : `${enabled} ${this.model.value}`}</output>`;
  }
}
customElements.define('lit-flag', LitFlag);

/** An element without any library, with a shadow of its own around a flag. */
class InShadow extends HTMLElement {
  constructor() {
    super();
    this.attachShadow({ mode: 'open' }).innerHTML = '<feature-flag flag="f1"><b>on</b><i slot="off">off</i></feature-flag>';
  }
}
customElements.define('in-shadow', InShadow);
