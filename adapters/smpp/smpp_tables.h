/* smpp_tables.h - SMPP as tables: fields, commands, TLVs, statuses, message states
 *
 * Source: Short Message Peer to Peer Protocol Specification v3.4, issue 1.2 (commands: section 4, fields: 5.2, TLVs:
 * 5.3, statuses: 5.1.3), and v5.0 for what is marked so.  Codec, names in the log, verdicts and tests are made of these. */
#pragma once

/* name, how it is written, most octets (of a text with its NUL).  BYTE: one octet; TEXT: ends with NUL; COUNTED: an
 * octet with the length, then so many. */
#define SMPP_FIELDS(X)						\
	X(system_id, TEXT, 16)					\
	X(password, TEXT, 65)	/* 9 by the book; operators give longer ones */	\
	X(system_type, TEXT, 13)				\
	X(interface_version, BYTE, 1)				\
	X(addr_ton, BYTE, 1)					\
	X(addr_npi, BYTE, 1)					\
	X(address_range, TEXT, 41)				\
	X(service_type, TEXT, 6)				\
	X(source_addr_ton, BYTE, 1)				\
	X(source_addr_npi, BYTE, 1)				\
	X(source_addr, TEXT, 65)				\
	X(dest_addr_ton, BYTE, 1)				\
	X(dest_addr_npi, BYTE, 1)				\
	X(destination_addr, TEXT, 65)				\
	X(esm_class, BYTE, 1)					\
	X(protocol_id, BYTE, 1)					\
	X(priority_flag, BYTE, 1)				\
	X(schedule_delivery_time, TEXT, 17)			\
	X(validity_period, TEXT, 17)				\
	X(registered_delivery, BYTE, 1)				\
	X(replace_if_present_flag, BYTE, 1)			\
	X(data_coding, BYTE, 1)					\
	X(sm_default_msg_id, BYTE, 1)				\
	X(short_message, COUNTED, 254)				\
	X(message_id, TEXT, 65)					\
	X(esme_addr_ton, BYTE, 1)				\
	X(esme_addr_npi, BYTE, 1)				\
	X(esme_addr, TEXT, 65)

#define SMPP_OF_NOTHING(F)
#define SMPP_OF_BIND(F)		F(system_id) F(password) F(system_type) F(interface_version) F(addr_ton) F(addr_npi) F(address_range)
#define SMPP_OF_BIND_RESP(F)	F(system_id)
#define SMPP_OF_OUTBIND(F)	F(system_id) F(password)
#define SMPP_OF_SM(F)		F(service_type) F(source_addr_ton) F(source_addr_npi) F(source_addr) F(dest_addr_ton)	\
				F(dest_addr_npi) F(destination_addr) F(esm_class) F(protocol_id) F(priority_flag)	\
				F(schedule_delivery_time) F(validity_period) F(registered_delivery)			\
				F(replace_if_present_flag) F(data_coding) F(sm_default_msg_id) F(short_message)
#define SMPP_OF_DATA_SM(F)	F(service_type) F(source_addr_ton) F(source_addr_npi) F(source_addr) F(dest_addr_ton)	\
				F(dest_addr_npi) F(destination_addr) F(esm_class) F(registered_delivery) F(data_coding)
#define SMPP_OF_SM_RESP(F)	F(message_id)
#define SMPP_OF_ALERT(F)	F(source_addr_ton) F(source_addr_npi) F(source_addr) F(esme_addr_ton) F(esme_addr_npi) F(esme_addr)

/* command_id, name, its mandatory fields in order */
#define SMPP_COMMANDS(X)					\
	X(0x80000000, generic_nack, SMPP_OF_NOTHING)		\
	X(0x00000001, bind_receiver, SMPP_OF_BIND)		\
	X(0x80000001, bind_receiver_resp, SMPP_OF_BIND_RESP)	\
	X(0x00000002, bind_transmitter, SMPP_OF_BIND)		\
	X(0x80000002, bind_transmitter_resp, SMPP_OF_BIND_RESP)	\
	X(0x00000004, submit_sm, SMPP_OF_SM)			\
	X(0x80000004, submit_sm_resp, SMPP_OF_SM_RESP)		\
	X(0x00000005, deliver_sm, SMPP_OF_SM)			\
	X(0x80000005, deliver_sm_resp, SMPP_OF_SM_RESP)		\
	X(0x00000006, unbind, SMPP_OF_NOTHING)			\
	X(0x80000006, unbind_resp, SMPP_OF_NOTHING)		\
	X(0x00000009, bind_transceiver, SMPP_OF_BIND)		\
	X(0x80000009, bind_transceiver_resp, SMPP_OF_BIND_RESP)	\
	X(0x0000000b, outbind, SMPP_OF_OUTBIND)			\
	X(0x00000015, enquire_link, SMPP_OF_NOTHING)		\
	X(0x80000015, enquire_link_resp, SMPP_OF_NOTHING)	\
	X(0x00000102, alert_notification, SMPP_OF_ALERT)	\
	X(0x00000103, data_sm, SMPP_OF_DATA_SM)			\
	X(0x80000103, data_sm_resp, SMPP_OF_SM_RESP)

/* tag, name, fewest and most octets of the value.  Others are skipped. */
#define SMPP_TLVS(X)						\
	X(0x0019, payload_type, 1, 1)				\
	X(0x001d, additional_status_info_text, 1, 256)		\
	X(0x001e, receipted_message_id, 1, 65)			\
	X(0x0204, user_message_reference, 2, 2)			\
	X(0x020a, source_port, 2, 2)				\
	X(0x020b, destination_port, 2, 2)			\
	X(0x020c, sar_msg_ref_num, 2, 2)			\
	X(0x020e, sar_total_segments, 1, 1)			\
	X(0x020f, sar_segment_seqnum, 1, 1)			\
	X(0x0210, sc_interface_version, 1, 1)			\
	X(0x0423, network_error_code, 3, 3)			\
	X(0x0424, message_payload, 0, 65535)			\
	X(0x0425, delivery_failure_reason, 1, 1)		\
	X(0x0427, message_state, 1, 1)				\
	X(0x0428, congestion_state, 1, 1)	/* 5.0 */

/* What is done about a refused submit_sm: enum smpp_act. */
#define SMPP_ACTS(X)						\
	X(message, "this message fails")			\
	X(contact, "anything to this receiver fails")		\
	X(throttle, "this bind goes slower, nothing fails")	\
	X(retry, "tried again later")				\
	X(rebind, "the bind is made anew, then tried again")	\
	X(channel, "everything waits until somebody has acted")

/* command_status, name, what to do when a submit_sm is answered with it, for people */
#define SMPP_STATUSES(X)											\
	X(0x00000001, RINVMSGLEN, message, "the length of the message is invalid")				\
	X(0x00000002, RINVCMDLEN, message, "the length of the command is invalid")				\
	X(0x00000003, RINVCMDID, message, "the operator does not know this command")				\
	X(0x00000004, RINVBNDSTS, rebind, "this bind may not send")						\
	X(0x00000005, RALYBND, rebind, "this account is bound already")						\
	X(0x00000006, RINVPRTFLG, channel, "the priority is invalid")						\
	X(0x00000007, RINVREGDLVFLG, channel, "the wish for receipts is invalid")				\
	X(0x00000008, RSYSERR, retry, "the operator has a trouble of its own")					\
	X(0x0000000a, RINVSRCADR, channel, "the sender's address is refused")					\
	X(0x0000000b, RINVDSTADR, contact, "the receiver's address is refused")					\
	X(0x0000000c, RINVMSGID, message, "the message id is invalid")						\
	X(0x0000000d, RBINDFAIL, rebind, "the bind failed")							\
	X(0x0000000e, RINVPASWD, rebind, "the password is wrong")						\
	X(0x0000000f, RINVSYSID, rebind, "the system_id is wrong")						\
	X(0x00000011, RCANCELFAIL, message, "cancelling failed")						\
	X(0x00000013, RREPLACEFAIL, message, "replacing failed")						\
	X(0x00000014, RMSGQFUL, throttle, "the operator's queue is full")					\
	X(0x00000015, RINVSERTYP, channel, "the service type is invalid")					\
	X(0x00000033, RINVNUMDESTS, message, "the number of receivers is invalid")				\
	X(0x00000034, RINVDLNAME, message, "the distribution list is invalid")					\
	X(0x00000040, RINVDESTFLAG, message, "the destination flag is invalid")				\
	X(0x00000042, RINVSUBREP, message, "submit with replace is invalid")					\
	X(0x00000043, RINVESMCLASS, message, "esm_class is invalid: the operator may not take this kind of long text")	\
	X(0x00000044, RCNTSUBDL, message, "nothing can be sent to a distribution list")			\
	X(0x00000045, RSUBMITFAIL, message, "the operator could not take it")					\
	X(0x00000048, RINVSRCTON, channel, "the type of the sender's address is refused")			\
	X(0x00000049, RINVSRCNPI, channel, "the numbering plan of the sender's address is refused")		\
	X(0x00000050, RINVDSTTON, message, "the type of the receiver's address is refused")			\
	X(0x00000051, RINVDSTNPI, message, "the numbering plan of the receiver's address is refused")		\
	X(0x00000053, RINVSYSTYP, rebind, "the system_type is invalid")					\
	X(0x00000054, RINVREPFLAG, message, "replace_if_present is invalid")					\
	X(0x00000055, RINVNUMMSGS, message, "the number of messages is invalid")				\
	X(0x00000058, RTHROTTLED, throttle, "more than the operator allows in this time")			\
	X(0x00000061, RINVSCHED, message, "the scheduled time is invalid")					\
	X(0x00000062, RINVEXPIRY, channel, "the validity period is invalid")					\
	X(0x00000063, RINVDFTMSGID, message, "the predefined message is invalid")				\
	X(0x00000064, RX_T_APPN, retry, "the operator cannot take it at the moment")				\
	X(0x00000065, RX_P_APPN, message, "the operator will not take it")					\
	X(0x00000066, RX_R_APPN, message, "the operator rejects it")						\
	X(0x00000067, RQUERYFAIL, message, "the query failed")							\
	X(0x000000c0, RINVOPTPARSTREAM, message, "an optional part is invalid")				\
	X(0x000000c1, ROPTPARNOTALLWD, message, "an optional part is not allowed")				\
	X(0x000000c2, RINVPARLEN, message, "the length of a part is invalid")					\
	X(0x000000c3, RMISSINGOPTPARAM, message, "an optional part is missing")				\
	X(0x000000c4, RINVOPTPARAMVAL, message, "the value of an optional part is invalid")			\
	X(0x000000fe, RDELIVERYFAILURE, message, "it could not be delivered")					\
	X(0x000000ff, RUNKNOWNERR, message, "an error the operator does not name")				\
	/* 5.0 */												\
	X(0x00000100, RSERTYPUNAUTH, channel, "this account may not use the service type")			\
	X(0x00000101, RPROHIBITED, channel, "this account may not send")					\
	X(0x00000102, RSERTYPUNAVAIL, retry, "the service type is not to be had at the moment")		\
	X(0x00000103, RSERTYPDENIED, channel, "the service type is denied")					\
	X(0x00000104, RINVDCS, message, "the operator does not take this coding of text")			\
	X(0x00000105, RINVSRCADDRSUBUNIT, channel, "the sender's subunit is invalid")				\
	X(0x00000106, RINVDSTADDRSUBUNIT, message, "the receiver's subunit is invalid")

/* value of the TLV message_state (section 5.2.28), its word in receipts (Appendix B, and other spellings that are seen), what it is for the
 * gateway (enum hg_receipt_state), for people.  What is meanwhile, and what has no value, is HG_R_SENT. */
#define SMPP_STATES(X)														\
	X(0, "SCHEDULED", HG_R_SENT, NULL)	/* 5.0 */									\
	X(1, "ENROUTE", HG_R_SENT, NULL)											\
	X(2, "DELIVRD", HG_R_DELIVERED, NULL)											\
	X(3, "EXPIRED", HG_R_FAILED, "the receiver was not reached within the time the message was good for")			\
	X(4, "DELETED", HG_R_FAILED, "the operator deleted the message")							\
	X(5, "UNDELIV", HG_R_FAILED, "the message cannot be delivered")								\
	X(6, "ACCEPTD", HG_R_SENT, NULL)											\
	X(7, "UNKNOWN", HG_R_FAILED, "the operator does not know what became of the message")					\
	X(8, "REJECTD", HG_R_FAILED, "the message was rejected")								\
	X(9, "SKIPPED", HG_R_FAILED, "the operator skipped the message")	/* 5.0 */					\
	X(-1, "ACKED", HG_R_SENT, NULL)												\
	X(-1, "BUFFRED", HG_R_SENT, NULL)											\
	X(-1, "BUFFERD", HG_R_SENT, NULL)											\
	X(-1, "BUFFERED", HG_R_SENT, NULL)											\
	X(2, "DELIVERED", HG_R_DELIVERED, NULL)											\
	X(3, "EXPIRD", HG_R_FAILED, "the receiver was not reached within the time the message was good for")			\
	X(5, "UNDELIVERABLE", HG_R_FAILED, "the message cannot be delivered")							\
	X(5, "UNDELIVERED", HG_R_FAILED, "the message cannot be delivered")							\
	X(5, "FAILED", HG_R_FAILED, "the message cannot be delivered")								\
	X(6, "ACCEPTED", HG_R_SENT, NULL)											\
	X(8, "REJECTED", HG_R_FAILED, "the message was rejected")
