namespace LoraLab.Training.Hub;

/// <summary>The hub could not be reached, or the connection was lost; a retry may succeed.</summary>
internal sealed class HubUnavailableException(
    string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Delay that the hub requests before a retry; null if it does not.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
