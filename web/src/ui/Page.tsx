/** The frame of all pages but the call's: who is signed in is shown, and everything begins with a heading. */

import { useEffect, useRef, type ReactNode } from "react";

import { AccountMenu } from "./AccountMenu";
import { useTitle } from "./hooks";
import { LogoIcon } from "./icons";
import { Link } from "./Link";
import { comingBack } from "./navigation";
import { useConfig, useUser } from "./server";
import { STRINGS } from "./strings";

const WORDS = STRINGS.account;

export function Page({ className, children }: { className: string; children: ReactNode }) {
  return (
    <div className={`page ${className}`}>
      <Header />
      <main>{children}</main>
    </div>
  );
}

export function Header() {
  const user = useUser();
  const { registration } = useConfig();
  return (
    <header className="page-header">
      <Link to="/" className="logo">
        <LogoIcon /> {STRINGS.brand}
      </Link>
      {user ? (
        <AccountMenu user={user} />
      ) : (
        <nav className="page-links" aria-label={WORDS.label}>
          <Link to={comingBack("/signin")} className="button quiet" testId="signin-link">
            {WORDS.signIn}
          </Link>
          {registration && (
            <Link to={comingBack("/signup")} className="button" testId="signup-link">
              {WORDS.signUp}
            </Link>
          )}
        </nav>
      )}
    </header>
  );
}

/** A page's heading, where readers of screens go on after a change of the page. */
export function Heading({ children, title }: { children: ReactNode; title: string }) {
  useTitle(title);
  const element = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // A field that wants the cursor has it already.
    if (document.activeElement === document.body) element.current?.focus();
  }, []);
  return (
    <h1 ref={element} tabIndex={-1}>
      {children}
    </h1>
  );
}
