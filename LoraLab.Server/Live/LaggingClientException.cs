namespace LoraLab.Server.Live;

/// <summary>The client receives events more slowly than they occur.</summary>
internal sealed class LaggingClientException() : Exception("The client cannot keep up with the live events.");
