/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters that no expectation need name. All others are watched, also those that nothing here has
 * ever heard of.
 */
#include "captures/judge/judge.h"

#include <fnmatch.h>

/*
 * Left out of expectations and ladders; they stay in the journal. A case may still name one: then
 * it is exact.
 */
static const struct {
	const char *pattern, *reason;
} exempt[] = {
	{ "Tcp.InSegs", "compared with the captures instead" },
	{ "Tcp.OutSegs", "compared with the captures instead" },
	{ "Tcp.Rto*", "a constant" },
	{ "Tcp.MaxConn", "a constant" },
	{ "TCPPureAcks", "which of two equal paths the segment took" },
	{ "TCPHPHits", "which of two equal paths the segment took" },
	{ "TCPHPAcks", "which of two equal paths the segment took" },
	{ "TCPDelivered", "bookkeeping of the congestion control" },
	{ "TCPOrigDataSent", "bookkeeping of the congestion control" },
	{ "TCPAutoCorking", "timing of the sender's own queue" },
	{ "TCPRcvCoalesce", "timing of the receiver's own queue" },
	{ "TCPBacklogCoalesce", "timing of the receiver's own queue" },
	{ "DelayedACKs", "timing of the receiver's acknowledgements" },
	{ "DelayedACKLocked", "timing of the receiver's acknowledgements" },
	{ "DelayedACKLost", "timing of the receiver's acknowledgements" },
	{ "TCPHystart*", "timing of the congestion control" },
	{ "TCPLossProbes", "timing of the tail loss probe" },
	{ "TCPLossProbeRecovery", "timing of the tail loss probe" },
	{ "TCPLostRetransmit", "timing of the loss detection" },
	{ "TcpTimeoutRehash", "the choice of a path, which there is but one of" },
	{ "TcpDuplicateDataRehash", "the choice of a path, which there is but one of" },
	{ "TCP*ZeroWindowAdv", "timing of the receiver's own queue" },
	{ "TW*", "recycling of TIME_WAIT" },
};

const char *counter_exempt(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(exempt); i++)
		if (fnmatch(exempt[i].pattern, name, 0) == 0)
			return exempt[i].reason;
	return NULL;
}
