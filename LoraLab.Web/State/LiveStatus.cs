namespace LoraLab.Web.State;

/// <summary>The state of the live connection.</summary>
public enum LiveStatus
{
    /// <summary>The first connection is being established.</summary>
    Connecting,

    /// <summary>Events arrive.</summary>
    Live,

    /// <summary>The connection was lost and is being retried.</summary>
    Reconnecting,
}
