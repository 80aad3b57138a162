namespace LoraLab.Training.Files.Catalog;

/// <summary>Names that mean given revisions until this object is disposed.</summary>
internal sealed class RevisionPins : IDisposable
{
    private readonly List<IDisposable> _pins = [];

    public void Add(IDisposable? pin)
    {
        if (pin is not null)
        {
            _pins.Add(pin);
        }
    }

    public void Dispose() => _pins.ForEach(pin => pin.Dispose());
}
