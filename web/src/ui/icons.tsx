/** Line icons, drawn for this page. */

import type { ReactNode } from "react";

interface IconProps {
  /** What it means, when nothing beside it says so. */
  title?: string;
}

function Icon({ title, children }: IconProps & { children: ReactNode }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      role={title ? "img" : undefined}
      aria-label={title}
      aria-hidden={title ? undefined : true}
    >
      {children}
    </svg>
  );
}

const MICROPHONE = (
  <>
    <rect x="9" y="2.5" width="6" height="11.5" rx="3" />
    <path d="M5 11.500a7 7 0 0 0 14 0M12 18.500v3" />
  </>
);

const CAMERA = (
  <>
    <rect x="2.5" y="6" width="13" height="12" rx="3" />
    <path d="m15.5 11 4.6-3a.9.9 0 0 1 1.4.800v6.400a.9.9 0 0 1-1.4.800l-4.6-3" />
  </>
);

const SCREEN = (
  <path d="M8 20.500h8M5 4h14a2.5 2.5 0 0 1 2.5 2.500v7A2.5 2.5 0 0 1 19 16H5a2.5 2.5 0 0 1-2.5-2.500v-7A2.5 2.5 0 0 1 5 4z" />
);

/** The line through what is off, with a gap around it. */
const SLASH = (
  <>
    <path d="m4.5 3 16 18" stroke="var(--behind, transparent)" strokeWidth="5" />
    <path d="m3.5 3 17 18" />
  </>
);

export const MicrophoneIcon = (props: IconProps) => <Icon {...props}>{MICROPHONE}</Icon>;

export const MicrophoneOffIcon = (props: IconProps) => (
  <Icon {...props}>
    {MICROPHONE}
    {SLASH}
  </Icon>
);

export const CameraIcon = (props: IconProps) => <Icon {...props}>{CAMERA}</Icon>;

export const CameraOffIcon = (props: IconProps) => (
  <Icon {...props}>
    {CAMERA}
    {SLASH}
  </Icon>
);

export const ScreenIcon = () => (
  <Icon>
    {SCREEN}
    <path d="M12 13V7.500m-2.5 2L12 7l2.5 2.5" />
  </Icon>
);

export const ScreenOffIcon = () => (
  <Icon>
    {SCREEN}
    <path d="m9.8 7.8 4.4 4.400m0-4.4-4.4 4.4" />
  </Icon>
);

export const LinkIcon = () => (
  <Icon>
    <path d="M10 14a4.5 4.5 0 0 0 6.6.400l3-3a4.5 4.5 0 0 0-6.4-6.400L11.8 6.400M14 10a4.5 4.5 0 0 0-6.6-.4l-3 3a4.5 4.5 0 0 0 6.4 6.400l1.4-1.4" />
  </Icon>
);

export const LeaveIcon = () => (
  <Icon>
    <path
      d="M12 8.500c-4 0-7.3 1.3-9 3.4-.7.9-.5 2.2.4 3.200l.3.300c.5.5 1.3.6 1.9.200l2-1.300c.5-.3.8-.9.7-1.500l-.2-1.300c1.2-.4 2.5-.6 3.9-.600s2.7.2 3.9.600l-.2 1.300c-.1.6.2 1.2.7 1.500l2 1.300c.6.4 1.4.3 1.9-.200l.3-.300c.9-1 1.1-2.3.4-3.2-1.7-2.1-5-3.4-9-3.400z"
      fill="currentColor"
      stroke="none"
    />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="m5 12.5 4.5 4.500L19 7.5" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m6 6 12 12M18 6 6 18" />
  </Icon>
);

export const PlusIcon = () => (
  <Icon>
    <path d="M12 5v14M5 12h14" />
  </Icon>
);

export const ArrowIcon = () => (
  <Icon>
    <path d="M4.5 12h15M13 5.500l6.5 6.5-6.5 6.5" />
  </Icon>
);

export const PeopleIcon = () => (
  <Icon>
    <circle cx="9" cy="8" r="3.5" />
    <path d="M2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.800a3.5 3.5 0 0 1 0 6.400M18.5 14.700c1.9.9 3 2.8 3 5.3" />
  </Icon>
);

export const ChatIcon = () => (
  <Icon>
    <path d="M5.500 4h13A2.500 2.500 0 0 1 21 6.500v8a2.500 2.500 0 0 1-2.500 2.500H11l-4.500 3.500V17h-1A2.500 2.500 0 0 1 3 14.500v-8A2.500 2.500 0 0 1 5.500 4z" />
  </Icon>
);

export const HandIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M8 12.500V5.500a1.500 1.500 0 0 1 3 0V11V4a1.500 1.500 0 0 1 3 0v7V5.500a1.500 1.500 0 0 1 3 0V14c0 4.500-2.200 7-6 7-2.800 0-4.300-1.300-5.600-3.800L3.700 13.900a1.500 1.500 0 0 1 2.500-1.600L8 14.500z" />
  </Icon>
);

export const BarsIcon = () => (
  <Icon>
    <path d="M5 20v-5M12 20V9.500M19 20V4" strokeWidth="3" />
  </Icon>
);

export const SmileIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="9" />
    <path d="M8 14c.9 1.600 2.300 2.500 4 2.500s3.100-.9 4-2.500M9 9.500v.1M15 9.500v.1" />
  </Icon>
);

export const MoreIcon = () => (
  <Icon>
    <path d="M5.500 12h.1M12 12h.1M18.500 12h.1" strokeWidth="3" />
  </Icon>
);

export const PinIcon = () => (
  <Icon>
    <path d="M12 15.500V21M8.5 3.500h7l-1 6.500 3 3.300v2.200h-11v-2.200l3-3.300z" />
  </Icon>
);

/** A small picture in the corner of a larger one. */
export const InWindowIcon = () => (
  <Icon>
    <path d="M21 11V7a2.500 2.500 0 0 0-2.500-2.500h-13A2.500 2.500 0 0 0 3 7v10a2.500 2.500 0 0 0 2.500 2.500H10" />
    <rect x="13" y="14" width="8.500" height="6" rx="1.500" />
  </Icon>
);

/** One large, others in a strip. */
export const SpeakerViewIcon = () => (
  <Icon>
    <rect x="3" y="4.500" width="12" height="15" rx="2" />
    <path d="M19 5.500h2M19 12h2M19 18.500h2" strokeWidth="3" />
  </Icon>
);

export const SettingsIcon = () => (
  <Icon>
    <path d="M4 7h9M19 7h1M4 17h1M11 17h9" />
    <circle cx="16" cy="7" r="2.500" />
    <circle cx="8" cy="17" r="2.500" />
  </Icon>
);

export const KeyboardIcon = () => (
  <Icon>
    <rect x="2.500" y="6" width="19" height="12" rx="2.500" />
    <path d="M6.500 10h.1M10.200 10h.1M13.900 10h.1M17.500 10h.1M8 14h8" />
  </Icon>
);

export const SoundIcon = () => (
  <Icon>
    <path d="M11 5 6.5 9H3v6h3.500L11 19zM15 9a4 4 0 0 1 0 6M17.8 6a8 8 0 0 1 0 12" />
  </Icon>
);

export const LogoIcon = () => (
  <svg className="logo-icon" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="9" fill="var(--accent)" />
    <rect x="7" y="10" width="13" height="12" rx="3" fill="#fff" />
    <path d="m21.5 14.5 2.9-2a.9.9 0 0 1 1.4.800v5.400a.9.9 0 0 1-1.4.800l-2.9-2z" fill="#fff" />
  </svg>
);
