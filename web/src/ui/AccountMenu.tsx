/** Who is signed in, and what one does with an account. */

import type { User } from "@connect/client";
import { useEffect, useRef, useState } from "react";

import { Avatar } from "./Avatar";
import { Link } from "./Link";
import { navigate } from "./navigation";
import { api } from "./server";
import { STRINGS } from "./strings";

const WORDS = STRINGS.account;

export function AccountMenu({ user }: { user: User }) {
  const [open, setOpen] = useState(false);
  const menu = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const leave = (event: Event) => {
      if (!menu.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", leave);
    addEventListener("focusin", leave);
    return () => {
      removeEventListener("pointerdown", leave);
      removeEventListener("focusin", leave);
    };
  }, [open]);

  return (
    <div
      ref={menu}
      className="account"
      onKeyDown={({ key }) => {
        if (key !== "Escape" || !open) return;
        setOpen(false);
        button.current?.focus();
      }}
    >
      <button
        ref={button}
        type="button"
        className="account-button"
        data-testid="account-menu"
        aria-expanded={open}
        aria-controls="account-list"
        aria-label={WORDS.of(user.displayName)}
        onClick={() => setOpen(!open)}
      >
        <Avatar name={user.displayName} id={user.id} />
        <span className="account-name">{user.displayName}</span>
      </button>
      <nav
        id="account-list"
        className="account-list"
        aria-label={WORDS.label}
        hidden={!open}
        onClick={() => setOpen(false)}
      >
        <p className="account-who">{user.email}</p>
        <Link to="/rooms">{WORDS.rooms}</Link>
        <Link to="/account" testId="account-link">
          {WORDS.settings}
        </Link>
        <button type="button" data-testid="signout-button" onClick={signOut}>
          {WORDS.signOut}
        </button>
      </nav>
    </div>
  );
}

function signOut(): void {
  // Here it is done at once. A server that can't be reached lets the tokens expire.
  api.account
    .signOut()
    .catch((error: unknown) => console.warn("the server did not hear of signing out", error));
  navigate("/");
}
