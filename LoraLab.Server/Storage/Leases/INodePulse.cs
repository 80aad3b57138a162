namespace LoraLab.Server.Storage.Leases;

/// <summary>The life of this node, as others see it.</summary>
internal interface INodePulse
{
    /// <summary>Says that this node lives, and renews its leases.</summary>
    /// <returns>The leases that another node may have taken over.</returns>
    IReadOnlyList<Lease> Beat();

    /// <summary>Says that this node ends by itself.</summary>
    void Leave();
}
