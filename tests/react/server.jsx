// Renders the app as a server would; prints what the page gets.
import { renderToString } from 'react-dom/server';

import { App } from './app.jsx';

process.stdout.write(renderToString(<App options={JSON.parse(process.argv[2])} />));
