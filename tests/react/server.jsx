// Renders an app as a server would; prints what the page gets.
import { renderToString } from 'react-dom/server';

import { App } from './app.jsx';
import { FirstPaint } from './first-paint.jsx';

const Rendered = process.argv[3] === 'first-paint' ? FirstPaint : App;
process.stdout.write(renderToString(<Rendered options={JSON.parse(process.argv[2])} />));
