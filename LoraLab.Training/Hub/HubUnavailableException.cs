namespace LoraLab.Training.Hub;

/// <summary>The hub could not be reached or broke off; trying again may help.</summary>
internal sealed class HubUnavailableException(string message, TimeSpan? wait = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>How long the hub asks to wait; null: it does not say.</summary>
    public TimeSpan? Wait { get; } = wait;
}
