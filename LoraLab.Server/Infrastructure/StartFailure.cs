namespace LoraLab.Server.Infrastructure;

/// <summary>The server cannot start; the message is the one sentence that the user sees.</summary>
internal sealed class StartFailure(string message) : Exception(message);
