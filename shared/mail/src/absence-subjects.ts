/** How the subjects of absence notes begin that programs write; people who answer one have "Re:" before it. */
export const WRITTEN_BY_PROGRAM =
  /^(?:auto(?:matic|matische|matisch|matisk|maattinen|mated)?[- ]?(?:reply|response|antwort|svar|vastaus)\b|auto:|autosvar|automatyczna odpowiedź|automatická odpověď|automatická odpoveď|réponse automatique|respuesta automática|risposta automatica|resposta automática|automatisch antwoord|автоответ|автоматический ответ|автоматична відповідь|otomatik yanıt|automatikus válasz|răspuns automat|自动回复|自動回覆|自動返信|자동 회신|자동 응답)/i;
/** And those that people write too. */
export const ABSENCE =
  /^(?:(?:re|aw|sv|antw|vs):\s{0,3})?(?:auto|out of (?:the )?office|ooo\b|abwesen|ich bin (?:nicht )?(?:im urlaub|abwesend|im büro)|absence du bureau|fuera de la oficina|fuori (?:sede|ufficio)|ausente|ausência|ausencia|afwezig|nie ma mnie|frånvaro|fravær|poissa|(?:on )?vacation|away from (?:my )?(?:mail|desk|office)|нет на месте|отпуск|休假|不在)/i;
