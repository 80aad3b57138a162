namespace LoraLab.Server.Infrastructure;

/// <summary>The server cannot start; the message is shown to the user.</summary>
internal sealed class StartFailure(string message) : Exception(message);
