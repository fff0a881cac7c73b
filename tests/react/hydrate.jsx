// Takes the server's page over.
import { hydrateRoot } from 'react-dom/client';

import { App } from './app.jsx';

const options = JSON.parse(document.getElementById('options').textContent);
hydrateRoot(document.getElementById('root'), <App options={options} />);
