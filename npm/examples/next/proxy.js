// Next 16's name for the middleware: gives each visitor an identity, and chooses between two static pages.
import { checkFeatureFlag } from '@twinflag/edge';
import { NextResponse } from 'next/server';

export async function proxy(request) {
  const known = request.cookies.get('visitor')?.value;
  const visitor = known ?? crypto.randomUUID();
  // Server components read the request's cookies, so that the first page is this visitor's, too.
  request.cookies.set('visitor', visitor);
  const next = { request: { headers: new Headers(request.headers) } };
  const response =
    request.nextUrl.pathname === '/product'
      ? NextResponse.rewrite(new URL((await checkFeatureFlag(visitor, 'fast_product_page')) ? '/fast' : '/classic', request.url), next)
      : NextResponse.next(next);
  if (known === undefined) response.cookies.set('visitor', visitor, { httpOnly: true, sameSite: 'lax', maxAge: 31_536_000 });
  return response;
}

export const config = { matcher: ['/', '/product'] };
