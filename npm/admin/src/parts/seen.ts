/** Notices that a part of the page is looked at, for figures that are asked for only then. */
import { type RefObject, useEffect, useRef, useState } from 'react';

/** The time for which a part must be in view, in milliseconds: a list that is scrolled past asks for nothing. */
const LOOK_MS = 250;

/** The place to watch, and true once it was in view for a quarter of a second. */
export function useSeen<T extends Element>(): [RefObject<T | null>, boolean] {
  const place = useRef<T>(null);
  const [isSeen, setIsSeen] = useState(false);
  useEffect(() => {
    const at = place.current;
    if (isSeen || !at) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const observer = new IntersectionObserver(entries => {
      clearTimeout(timer);
      if (entries.at(-1)?.isIntersecting) timer = setTimeout(() => setIsSeen(true), LOOK_MS);
    });
    observer.observe(at);
    return () => {
      clearTimeout(timer);
      observer.disconnect();
    };
  }, [isSeen]);
  return [place, isSeen];
}
