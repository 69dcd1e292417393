import { labelled, lines, type Preset, QUARTER_S } from "./preset.ts";

/**
 * Stripe: disputes, invoices that are not paid, payouts that fail, warnings of fraud and reviews. A single payment that
 * fails is mostly a card that was declined and tried again, and is ignored with all else. One ticket for each of those
 * objects; closed when the dispute is closed, the invoice paid, the review done.
 */
const FIRING =
  '["charge.dispute.created", "charge.dispute.updated", "invoice.payment_failed", "payout.failed", "radar.early_fraud_warning.created", "review.opened"]';
const OVER = '["charge.dispute.closed", "invoice.paid", "invoice.voided", "review.closed"]';
const OBJECT = "data.object";
/** A dispute is updated once more when it has been decided. */
const IS_OVER = `type in ${OVER} or (type = "charge.dispute.updated" and ${OBJECT}.status in ["won", "lost", "warning_closed"])`;
/**
 * Currencies whose amounts come whole, and in thousandths; those of all others come in hundredths, also of ISK and UGX, which
 * have no smaller unit any more. Source: docs.stripe.com/currencies, "Zero-decimal currencies", "Special cases".
 */
const WHOLE = '["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]';
const IN_THOUSANDTHS = '["bhd", "jod", "kwd", "omr", "tnd"]';
const AMOUNT = `($amount := ${OBJECT}.object = "invoice" ? ${OBJECT}.amount_due : ${OBJECT}.amount; $exists($amount) ? (${OBJECT}.currency in ${WHOLE} ? $string($amount) : ${OBJECT}.currency in ${IN_THOUSANDTHS} ? $formatNumber($amount / 1000, "0.000") : $formatNumber($amount / 100, "0.00")) & " " & $uppercase(${OBJECT}.currency))`;

export const stripePreset: Preset = {
  mapping: {
    when: `type in ${FIRING} or type in ${OVER}`,
    ticket: {
      subject: `(${OBJECT}.object = "dispute" ? "Payment disputed" : ${OBJECT}.object = "invoice" ? "Invoice " & ${OBJECT}.number & " was not paid" : ${OBJECT}.object = "payout" ? "Payout failed" : ${OBJECT}.object = "review" ? "Payment to be reviewed" : "Warning of fraud") & ($exists(${OBJECT}.currency) ? ": " & ${AMOUNT})`,
      message: lines(
        labelled("Event", "type"),
        labelled("Object", `${OBJECT}.id`),
        labelled("Reason", `(${OBJECT}.reason ? ${OBJECT}.reason : ${OBJECT}.failure_message ? ${OBJECT}.failure_message : ${OBJECT}.fraud_type)`),
        labelled("Status", `${OBJECT}.status`),
        labelled("Charge", `${OBJECT}.charge`),
        labelled("Customer", `${OBJECT}.customer`),
        labelled("Answer by", `(${OBJECT}.evidence_details.due_by ? $fromMillis(${OBJECT}.evidence_details.due_by * 1000))`),
        labelled("Next attempt", `(${OBJECT}.next_payment_attempt ? $fromMillis(${OBJECT}.next_payment_attempt * 1000))`),
        labelled("Invoice", `${OBJECT}.hosted_invoice_url`),
        'livemode = false ? "This is an event of the test mode."',
      ),
      name: `(${OBJECT}.customer_name ? ${OBJECT}.customer_name : ${OBJECT}.evidence.customer_name ? ${OBJECT}.evidence.customer_name : "Stripe")`,
      email: `(${OBJECT}.customer_email ? ${OBJECT}.customer_email : ${OBJECT}.evidence.customer_email_address ? ${OBJECT}.evidence.customer_email_address)`,
      priority: `${OBJECT}.object in ["dispute", "payout", "radar.early_fraud_warning"] ? "High" : "Medium"`,
    },
  },
  correlation: {
    key: `${OBJECT}.id`,
    windowSeconds: QUARTER_S,
    // Stripe promises no order, and sends for three days what was not taken.
    happenedAt: "created",
    resolved: IS_OVER,
    onResolved: "close",
    afterResolved: "reopen",
  },
};
