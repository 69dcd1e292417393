/** A few lines that say what a `text/calendar` part is about; "" when it holds no event. Never throws. */
export function describeCalendar(_ics: string): string {
  return "";
}
