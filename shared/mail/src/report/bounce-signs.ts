/** Senders that only report. */
const DAEMON = /^(?:mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon)(?:[@+-]|$)/i;
/** Senders that also are people: their subject must say it. */
const POSTMASTER = /^(?:postmaster|microsoftexchange[0-9a-f]{8,}|mail[-_.]?delivery|mailadmin|bounces?)@/i;
const FAILED =
  /undeliver|delivery (?:status|fail|has failed|delayed|incomplete|problem)|mail delivery|mail system error|returned (?:mail|to sender)|failure notice|delivery.{0,20}failure|could not be delivered|unzustellbar|nicht zugestellt|non remis|échec de (?:la )?(?:remise|distribution)|no se puede entregar|no entregado|mancato recapito|non recapitabile|onbestelbaar|kan niet worden bezorgd|não entregue|niedostarczon|не доставлено|не удалось доставить|недоставлен|olevererbart|kunne ikke leveres|kunde inte levereras|ei voitu toimittaa|nedoručiteľn|nedoručiteln|teslim edilemedi|配信不能|配信できません|退信|无法投递|無法傳遞|배달되지 않음|배달 못함/i;
const MAX_SUBJECT_CHARS = 500;

/** What shows that a mail without a report in parts is one all the same; undefined when nothing does. */
export function bounceSign(mail: { fromAddress: string; subject: string; returnPath?: string | undefined }): string | undefined {
  if (DAEMON.test(mail.fromAddress)) return `sender ${mail.fromAddress}`;
  if (!FAILED.test(mail.subject.slice(0, MAX_SUBJECT_CHARS))) return undefined;
  if (POSTMASTER.test(mail.fromAddress)) return `sender ${mail.fromAddress} and subject of a failure`;
  return mail.returnPath === "" ? "no return path and subject of a failure" : undefined;
}
