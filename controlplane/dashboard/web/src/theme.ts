// Light, dark, or what the system says. Kept in this browser.
import { useEffect, useState } from "react";

export type Theme = "auto" | "light" | "dark";
const kKey = "switchyard-theme";

function read(): Theme {
  try {
    const kept = localStorage.getItem(kKey);
    return kept === "light" || kept === "dark" ? kept : "auto";
  } catch {
    return "auto";
  }
}

export function applyTheme(theme: Theme = read()): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(read);
  useEffect(() => {
    applyTheme(theme);
    try {
      localStorage.setItem(kKey, theme);
    } catch {
      // A browser that keeps nothing: the choice lasts as long as the page.
    }
    window.dispatchEvent(new Event("themechange"));
  }, [theme]);
  return [theme, setTheme];
}

// A colour of the style sheet, for what is drawn on a canvas.
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// Grows whenever colours may have changed.
export function useColours(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const bump = () => setVersion((v) => v + 1);
    const media = matchMedia("(prefers-color-scheme: dark)");
    media.addEventListener("change", bump);
    window.addEventListener("themechange", bump);
    return () => {
      media.removeEventListener("change", bump);
      window.removeEventListener("themechange", bump);
    };
  }, []);
  return version;
}

// Size of the letters, for what is laid out in pixels.
export function rem(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 15;
}

// The same for what is drawn over and over: asking makes the browser lay out the page, so it is asked again only when the window has changed.
export function useRem(): number {
  const [size, setSize] = useState(rem);
  useEffect(() => {
    const ask = () => setSize(rem());
    window.addEventListener("resize", ask);
    return () => window.removeEventListener("resize", ask);
  }, []);
  return size;
}
