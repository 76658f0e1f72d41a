import { useEffect, useState } from "react";

import { CheckIcon, LinkIcon } from "./icons";
import { STRINGS } from "./strings";

const WORDS = STRINGS.copy;

/** How long it is said that the link was copied, in ms. */
const COPIED_FOR = 2_000;

interface CopyLinkProps {
  link: string;
  /** Which link it is, for those who don't see what the button stands beside. */
  label: string;
  className: string;
  /** What is written on the button, if anything is. */
  text?: string;
}

/** The button that copies a link. */
export function CopyLink({ link, label, className, text }: CopyLinkProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_FOR);
    return () => clearTimeout(timer);
  }, [copied]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      setCopied(true);
    } catch {
      // No clipboard for this page (plain http, or denied): show the link, to be copied by hand.
      prompt(label, link);
    }
  };

  const said = copied ? WORDS.linkCopied : label;
  return (
    <button
      type="button"
      className={className}
      data-testid="copy-link"
      aria-label={said}
      title={said}
      onClick={() => void copy()}
    >
      {copied ? <CheckIcon /> : <LinkIcon />}
      {text && (copied ? WORDS.copied : text)}
      <span className="visually-hidden" role="status">
        {copied && WORDS.linkCopied}
      </span>
    </button>
  );
}
