namespace LoraLab.Server.Live;

/// <summary>The client takes events more slowly than they happen.</summary>
internal sealed class LaggingClientException() : Exception("The client cannot keep up with the live events.");
