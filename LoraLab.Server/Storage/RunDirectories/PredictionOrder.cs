namespace LoraLab.Server.Storage.RunDirectories;

/// <summary>Order of predictions.</summary>
internal enum PredictionOrder
{
    /// <summary>As evaluated.</summary>
    Row,

    /// <summary>Smallest difference between the two highest scores first.</summary>
    Margin,

    /// <summary>Highest loss of the true label or of the reference first.</summary>
    Loss,
}
