/**
 * The script of a frame's document, whose `<script src="frame.js">` has `data-url`, `data-client-key`, `data-service`, and `data-parents`:
 * the origins whose pages may show the widget, separated by spaces.
 */
import './define.js';
import { make } from './view/dom.js';

const { url = '', clientKey = '', service = '', parents = '' } = document.currentScript?.dataset ?? {};
const parameters = new URLSearchParams(location.search);
const parent = parameters.get('parent') ?? '';

if (!parents.split(/\s+/).includes(parent)) console.error(`twinflag-chat: data-parents of the frame does not list ${parent}`);
else {
  const attributes = {
    url,
    'client-key': clientKey,
    service,
    'parent-origin': parent,
    framed: '',
    context: parameters.get('context') ?? '',
  };
  document.body.append(make('twinflag-chat', { attributes }));
}
