namespace LoraLab.Server.Experiments.Sweeps.Sampling;

/// <summary>A density over one field's coordinates, estimated from observed ones.</summary>
internal interface IParzenEstimator
{
    double Draw(SeededRandom random);

    double LogDensity(double coordinate);
}
