namespace LoraLab.Web.State;

/// <summary>How the live channel is doing.</summary>
public enum LiveStatus
{
    /// <summary>First connection under way.</summary>
    Connecting,

    /// <summary>Events arrive.</summary>
    Live,

    /// <summary>The connection is lost and being tried again.</summary>
    Reconnecting,
}
