namespace LoraLab.Training.Models.Weights;

/// <summary>What has been loaded so far, disposed unless all of it could be loaded.</summary>
internal sealed class DisposableList : IDisposable
{
    private readonly List<IDisposable> _items = [];

    /// <summary>Adds an item and returns it.</summary>
    public T Add<T>(T item)
        where T : IDisposable
    {
        _items.Add(item);
        return item;
    }

    /// <summary>Leaves the items to somebody else.</summary>
    public void Keep() => _items.Clear();

    /// <inheritdoc />
    public void Dispose() => _items.ForEach(item => item.Dispose());
}
