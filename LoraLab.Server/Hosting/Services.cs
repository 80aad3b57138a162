using Hangfire;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison;
using LoraLab.Server.Comparison.Figures;
using LoraLab.Server.Domain;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Evidence;
using LoraLab.Server.Experiments.Studies.Fair;
using LoraLab.Server.Experiments.Studies.Steps;
using LoraLab.Server.Experiments.Sweeps;
using LoraLab.Server.Experiments.Sweeps.Pruning;
using LoraLab.Server.Infrastructure;
using LoraLab.Server.Infrastructure.Access;
using LoraLab.Server.Infrastructure.Description;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Library;
using LoraLab.Server.Library.Pulls;
using LoraLab.Server.Library.Uploads;
using LoraLab.Server.Live;
using LoraLab.Server.Runs;
using LoraLab.Server.Runs.Adapters;
using LoraLab.Server.Runs.Artifacts;
using LoraLab.Server.Runs.Estimates;
using LoraLab.Server.Runs.Groups;
using LoraLab.Server.Runs.Merging;
using LoraLab.Server.Runs.Predictions;
using LoraLab.Server.Runs.Views;
using LoraLab.Server.Scheduling;
using LoraLab.Server.Security;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Leases;
using LoraLab.Server.Storage.LiteDb;
using LoraLab.Server.Storage.Postgres;
using LoraLab.Server.Storage.Records;
using LoraLab.Server.Storage.Recovery;
using LoraLab.Server.Storage.RunDirectories;
using LoraLab.Server.System.Health;
using LoraLab.Server.System.Machine;
using LoraLab.Server.Workers;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace LoraLab.Server.Hosting;

/// <summary>Registers the server's services, one method per feature.</summary>
internal static class Services
{
    /// <summary>Longer than the grace period of the workers, which are stopped together with the server.</summary>
    private static TimeSpan ShutdownTimeout(LoraLabOptions options) => TimeSpan.FromSeconds(options.CancelGraceSeconds + 15);

    public static void AddLoraLabOptions(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IValidateOptions<LoraLabOptions>, LoraLabOptionsValidator>();
        builder.Services.AddOptions<LoraLabOptions>().BindConfiguration(LoraLabOptions.Section).ValidateOnStart();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<LoraLabPaths>();
        builder.Services.AddSingleton<ProxyAddresses>();
        builder.Services.AddSingleton<FingerprintedFiles>();
        builder.Services.Insert(0, ServiceDescriptor.Transient<IStartupFilter, SocketAddress>());
        builder.Services.AddSingleton<DataDirectoryLock>();
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<LoraLabOptions>>((host, options) =>
            host.ShutdownTimeout = ShutdownTimeout(options.Value));
    }

    public static void AddProblems(this WebApplicationBuilder builder)
    {
        builder.Services.AddProblemDetails(static options =>
            options.CustomizeProblemDetails = static context => StatusMessages.Complete(context));
        // After the framework's own writer, which takes precedence.
        builder.Services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        builder.Services.Configure<RouteOptions>(static options => options.ConstraintMap[PageConstraint.Name] = typeof(PageConstraint));
        builder.Services.AddExceptionHandler<ProblemHandler>();
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.ConfigureHttpJsonOptions(static options => ApiJson.Apply(options.SerializerOptions));
    }

    public static void AddStore(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RunRecords>();
        builder.Services.AddSingleton<ExperimentRecords>();
        builder.Services.AddSingleton<StoreStateFile>();
        builder.Services.AddSingleton<DiskReserve>();
        builder.Services.AddSingleton<StoreChanges>();
        builder.Services.AddSingleton<HeldLeases>();
        builder.Services.AddSingleton<LeaseTimes>();
        if (!PostgresConnection.IsConfigured(builder.Configuration))
        {
            builder.Services.AddSingleton<IRunStore, LiteDbRunStore>();
            builder.Services.AddSingleton<IKeyStore, KeyFile>();
            builder.Services.AddSingleton<INodes, SingleNode>();
        }
        else
        {
            builder.Services.AddSingleton<PostgresDatabase>();
            builder.Services.AddSingleton<NodeSession>();
            builder.Services.AddSingleton<SeqNotifier>();
            builder.Services.AddSingleton<TransientRows>();
            builder.Services.AddSingleton<ITransientOutlet>(services => services.GetRequiredService<TransientRows>());
            builder.Services.AddSingleton<PostgresNodes>();
            builder.Services.AddSingleton<INodes>(services => services.GetRequiredService<PostgresNodes>());
            builder.Services.AddSingleton<INodePulse>(services => services.GetRequiredService<PostgresNodes>());
            builder.Services.AddSingleton<IRunStore, PostgresRunStore>();
            builder.Services.AddSingleton(static services => services.GetRequiredService<PostgresDatabase>().Source);
            builder.Services.AddSingleton<IKeyStore, ApiKeyRows>();
            builder.Services.AddSingleton<IXmlRepository, CookieKeyRows>();
            builder.Services.AddSingleton<SharedFolder>();
        }

        builder.Services.AddSingleton<RunDeletions>();
        builder.Services.AddSingleton<RunRebuilder>();
        builder.Services.AddSingleton<RunReconciler>();
        builder.Services.AddHostedService<StoreMaintenance>();
    }

    public static void AddTrainer(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<WorkerLocator>();
        builder.Services.AddSingleton<TrainerInspector>();
        builder.Services.AddSingleton<ActiveRuns>();
        builder.Services.AddSingleton<WarmWorkers>();
        builder.Services.AddSingleton<PredictionWorker>();
        builder.Services.AddSingleton<RunImporter>();
        builder.Services.AddSingleton<RunEnding>();
        builder.Services.AddSingleton<RunExecutor>();
        builder.Services.AddSingleton<Recovery>();
    }

    public static void AddRuns(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RunIds>();
        builder.Services.AddSingleton<RunLogs>();
        builder.Services.AddSingleton<VerifiedTexts>();
        builder.Services.AddSingleton<PredictionFiles>();
        builder.Services.AddSingleton<ComparedRowsReader>();
        builder.Services.AddSingleton<ComparePictures>();
        builder.Services.AddSingleton<RunQuery>();
        builder.Services.AddSingleton<RunGroupQuery>();
        builder.Services.AddSingleton<ViewFiles>();
        builder.Services.AddSingleton<ViewService>();
        builder.Services.AddSingleton<ComparedRuns>();
        builder.Services.AddSingleton<SpecChecker>();
        builder.Services.AddSingleton<EstimateService>();
        builder.Services.AddSingleton<StartForecast>();
        builder.Services.AddSingleton<RunOutlook>();
        builder.Services.AddSingleton<PredictService>();
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddSingleton<Submitter>();
        builder.Services.AddSingleton<RunAdmission>();
        builder.Services.AddSingleton<Idempotency>();
        builder.Services.AddSingleton<RunService>();
        builder.Services.AddSingleton<BulkService>();
        builder.Services.AddSingleton<AdapterReferences>();
        builder.Services.AddSingleton<AliasFile>();
        builder.Services.AddSingleton<AliasService>();
        builder.Services.AddSingleton<LineageService>();
        builder.Services.AddSingleton<MergeList>();
        builder.Services.AddSingleton<MergeService>();
        builder.Services.AddSingleton<BatchService>();
        builder.Services.AddSingleton<DemoRuns>();
        builder.Services.AddSingleton<StartupMessage>();
    }

    public static void AddExperiments(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ExperimentRunCheck>();
        builder.Services.AddSingleton<IntermediateFiles>();
        builder.Services.AddSingleton<ExperimentService>();
        builder.Services.AddSingleton<ExperimentDeletion>();
        builder.Services.AddSingleton<SharedAutoSettings>();
        builder.Services.AddHostedService<ExperimentCoordinator>();
    }

    public static void AddStudies(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IExperimentDriver, StudyDriver>();
        builder.Services.AddSingleton<FairArms>();
        builder.Services.AddSingleton<StudyPlanReader>();
        builder.Services.AddSingleton<StudyService>();
        builder.Services.AddSingleton<EvidenceReader>();
        builder.Services.AddSingleton<StudyResults>();
    }

    public static void AddSweeps(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<EvaluationCache>();
        builder.Services.AddSingleton<IExperimentDriver, SweepDriver>();
        builder.Services.AddSingleton<SweepPlanner>();
        builder.Services.AddSingleton<SweepForecast>();
        builder.Services.AddSingleton<SweepService>();
    }

    public static void AddArtifacts(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ArtifactFiles>();
        builder.Services.AddSingleton<ArtifactHashes>();
        builder.Services.AddSingleton<ArtifactRemoval>();
        builder.Services.AddSingleton<CompletedCheckpoints>();
        builder.Services.AddSingleton<RunDirectoryLocks>();
        builder.Services.AddSingleton<ArtifactPruning>();
        builder.Services.AddHostedService<RetentionSweep>();
    }

    public static void AddQueue(this WebApplicationBuilder builder)
    {
        LoraLabOptions options = builder.Configuration.GetSection(LoraLabOptions.Section).Get<LoraLabOptions>() ?? new LoraLabOptions();
        bool several = PostgresConnection.IsConfigured(builder.Configuration);
        builder.Services.AddSingleton<Lanes>();
        builder.Services.AddSingleton<QueueService>();
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddSingleton<LaneRunner>();
        builder.Services.AddSingleton<LaneRunners>();
        if (several)
        {
            // Before the lanes, and, when the server stops, after them: their runs need leases until they have ended.
            builder.Services.AddHostedService<LeaseKeeper>();
            builder.Services.AddSingleton<ImportGroups>();
        }

        builder.Services.AddHostedService(services => services.GetRequiredService<LaneRunners>());
        builder.AddJobs(options, several);
        if (several)
        {
            builder.Services.AddHostedService<RemoteStops>();
            builder.Services.AddHostedService<LeaseReaper>();
        }

        builder.Services.AddHostedService<QueueStarter>();
    }

    /// <summary>Hangfire: in the database that nodes share, or in the memory of the only one.</summary>
    private static void AddJobs(this WebApplicationBuilder builder, LoraLabOptions options, bool several)
    {
        builder.Services.AddHangfire((services, hangfire) =>
        {
            hangfire
                .SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
                .UseSimpleAssemblyNameTypeSerializer()
                .UseRecommendedSerializerSettings();
            if (several)
            {
                hangfire.UsePostgresJobs(services.GetRequiredService<PostgresDatabase>());
            }
            else
            {
                hangfire.UseInMemoryStorage();
            }
        });
        string[] queues = [.. NodeNames.DevicesOf(options).SelectMany((device, i) => new Lane(i, device).Queues).Distinct()];
        if (queues.Length == 0)
        {
            return;
        }

        builder.Services.AddHangfireServer((services, server) =>
        {
            server.ServerName = NodeNames.Of(options);
            server.Queues = queues;
            server.WorkerCount = 1;
            server.ShutdownTimeout = ShutdownTimeout(services.GetRequiredService<IOptions<LoraLabOptions>>().Value);
            server.StopTimeout = server.ShutdownTimeout;
        });
    }

    public static void AddLive(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<LiveFeed>();
        builder.Services.AddSingleton<ILiveSink>(services => services.GetRequiredService<LiveFeed>());
        builder.Services.AddSingleton<LiveReplay>();
        builder.Services.AddSingleton<LiveConnections>();
        builder.Services.AddHostedService<QueueNotifier>();
        builder.Services.AddSignalR().AddJsonProtocol(static options => ContractJson.Apply(options.PayloadSerializerOptions));
    }

    public static void AddLibrary(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<PullRecords>();
        builder.Services.AddSingleton<ForeignPulls>();
        builder.Services.AddSingleton<PullService>();
        builder.Services.AddSingleton<IRunSupplies, ModelSupply>();
        builder.Services.AddHostedService(services => services.GetRequiredService<PullService>());
        builder.Services.AddSingleton<LibraryUse>();
        builder.Services.AddSingleton<LibraryFolders>();
        builder.Services.AddSingleton<UploadReceiver>();
        builder.Services.AddSingleton<UploadFolders>();
        builder.Services.AddSingleton<UploadService>();
    }

    public static void AddMachine(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<MachineReport>();
        builder.Services.AddResponseCompression();
        builder.Services.AddHostedService<SystemSampler>();
    }

    public static void AddApiDescription(this WebApplicationBuilder builder)
    {
        TrueSchemas schemas = new();
        ProblemResponses problems = new();
        builder.Services.AddOpenApi(options => options
            .AddSchemaTransformer(schemas)
            .AddOperationTransformer(new OperationNames(ApiRoutes.Base))
            .AddOperationTransformer(problems)
            .AddDocumentTransformer(problems)
            .AddDocumentTransformer(new SummarySchema(MetricCatalog.Default))
            .AddDocumentTransformer(schemas)
            .AddDocumentTransformer(new SpecSchema(typeof(RunSpec)))
            .AddDocumentTransformer(new SpecSchema(typeof(RunSpecChanges), hasDefaults: false))
            .AddDocumentTransformer<SchemaUse>()
            .AddDocumentTransformer<ApiKeyDescription>()
            .AddDocumentTransformer(static (document, _, _) =>
            {
                document.Info.Title = "LoraLab";
                document.Info.Version = ServerVersion.Text;
                document.Info.Description = "Every GET is also answered as HEAD, without the body. Another method on a known path is "
                    + "answered with 405 and the methods of the path in Allow, an unknown path with 404; both as a Problem. "
                    + "A replayed response (Idempotency-Replayed) is that of the version that created it.";
                // Clients prepend the server's path to every route; its host is the one that served the document.
                string path = document.Servers is [{ Url: { } url }, ..] && Uri.TryCreate(url, UriKind.Absolute, out Uri? server)
                    ? server.AbsolutePath.TrimEnd('/')
                    : "";
                document.Servers = path.Length == 0 ? [] : [new OpenApiServer { Url = path }];
                return Task.CompletedTask;
            }));
    }

    public static void AddHealth(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<TrainerCheck>();
        // One for all requests: it compares with what it saw before.
        builder.Services.AddSingleton<QueueCheck>();
        builder.Services.AddHealthChecks()
            .AddCheck<StoreCheck>("store")
            .AddCheck<DiskCheck>("disk")
            .AddCheck<TrainerCheck>("trainer")
            .AddCheck<QueueCheck>("queue");
    }
}
