using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Web.Api;

namespace LoraLab.Web.State;

/// <summary>Methods, models and datasets, fetched once and refreshed on request.</summary>
public sealed class CatalogState(LabApi api)
{
    private Task? _methods;
    private Task? _folders;

    public IReadOnlyList<MethodDescriptor> Methods { get; private set; } = [];

    public IReadOnlyList<ModelEntry> Models { get; private set; } = [];

    public IReadOnlyList<DatasetEntry> Datasets { get; private set; } = [];

    public Task EnsureMethodsAsync() => Once(ref _methods, async () => Methods = await api.MethodsAsync(CancellationToken.None));

    /// <summary>
    /// The same for pages that need only the display names of methods: when that fails, they show ids, and the next page tries again.
    /// </summary>
    public async Task TryEnsureMethodsAsync()
    {
        try
        {
            await EnsureMethodsAsync();
        }
        catch (Exception failure) when (failure is HttpRequestException or ApiException)
        {
            // Ids instead of names; the page's own request reports why.
        }
    }

    public Task EnsureAllAsync() => Task.WhenAll(EnsureMethodsAsync(), Once(ref _folders, LoadFoldersAsync));

    /// <summary>Fetches models and datasets again, as one may have been downloaded since.</summary>
    public Task RefreshFoldersAsync() => _folders = LoadFoldersAsync();

    public MethodDescriptor? Method(string id) => Methods.FirstOrDefault(method => method.Id == id);

    /// <summary>The display name of a method; its id if the server no longer has it.</summary>
    public string MethodName(string id) => Method(id)?.Name ?? id;

    /// <summary>Whether a run uses the bundled toy model or dataset.</summary>
    public static bool IsToy(RunSpec spec) => BundledSample.IsUsedBy(spec.Model, spec.Dataset);

    private async Task LoadFoldersAsync()
    {
        Task<IReadOnlyList<ModelEntry>> models = api.ModelsAsync(CancellationToken.None);
        Task<IReadOnlyList<DatasetEntry>> datasets = api.DatasetsAsync(CancellationToken.None);
        Models = await models;
        Datasets = await datasets;
    }

    private static Task Once(ref Task? pending, Func<Task> load)
    {
        if (pending is null || pending.IsFaulted || pending.IsCanceled)
        {
            pending = load();
        }

        return pending;
    }
}
