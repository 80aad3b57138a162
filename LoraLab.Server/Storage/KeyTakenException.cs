namespace LoraLab.Server.Storage;

/// <summary>Another node has just stored the response of the same <c>Idempotency-Key</c>; the transaction had no effect.</summary>
internal sealed class KeyTakenException : Exception;
