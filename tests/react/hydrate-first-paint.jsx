// Takes the page with its server's answers over, and keeps what React complains of.
import { hydrateRoot } from 'react-dom/client';

import { FirstPaint } from './first-paint.jsx';

globalThis.shown = [];
globalThis.complaints = [];
const options = JSON.parse(document.getElementById('options').textContent);
options.bootstrap = document.getElementById('twinflag').textContent;
hydrateRoot(document.getElementById('root'), <FirstPaint options={options} />, {
  onRecoverableError: error => globalThis.complaints.push(error.message),
});
