// The shapes of the API: written by scripts/web_types.py, not by hand.

export type Agent = {
  temperature: number | null;
  top_p: number | null;
  presence_penalty: number | null;
  frequency_penalty: number | null;
  max_output_tokens: number | null;
  context_tokens: LlmCatalogContextTokens | null;
  fallback_model: Label | null;
  agent_id: string;
  agent_name: string;
  agent_architecture: string;
  agent_provider: string;
  agent_model: string | null;
  agent_persona: string;
  session_timeout_minutes: number;
  capabilities: (string)[];
  created_by: string;
  created_at: string;
  updated_at: string | null;
};
export type AgentCreate = {
  temperature?: number | null;
  top_p?: number | null;
  presence_penalty?: number | null;
  frequency_penalty?: number | null;
  max_output_tokens?: number | null;
  context_tokens?: ContextTokensInput | null;
  fallback_model?: Label | null;
  agent_name: Name;
  agent_architecture: Label;
  agent_provider: Label;
  agent_persona: Persona;
  agent_model?: Label | null;
  session_timeout_minutes?: Minutes;
  capabilities?: Capabilities;
};
export type AgentTemplate = {
  template_id: string;
  title: string;
  summary: string;
  icon: TemplateIcon;
  values: TemplateValues;
  starters: (string)[];
};
export type AgentUpdate = {
  temperature?: number | null;
  top_p?: number | null;
  presence_penalty?: number | null;
  frequency_penalty?: number | null;
  max_output_tokens?: number | null;
  context_tokens?: ContextTokensInput | null;
  fallback_model?: Label | null;
  agent_name?: Name | null;
  agent_architecture?: Label | null;
  agent_provider?: Label | null;
  agent_persona?: Persona | null;
  agent_model?: Label | null;
  session_timeout_minutes?: Minutes | null;
  capabilities?: Capabilities | null;
};
export type AgentsOf = {
  user_id: string;
  agents: Record<string, string>;
};
export type Answered = {
  status: "success";
  data1: Json;
  extra_tool_response: Json;
};
export type ApiHealth = {
  online_clients: (string)[];
  status: "healthy";
};
export type ApiKey = {
  key_id: string;
  name: string;
  kind: KeyKind;
  client_ids: (string)[] | null;
  scopes: (KeyScope)[];
  hint: string;
  created_by: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
};
export type Approval = {
  approval_id: string;
  tool_name: string;
  arguments: Record<string, unknown>;
  asked_at: string;
};
export type ArchivalMemory = {
  memory_id: string;
  content: string;
  content_hash: string;
  created_at: string;
  updated_at: string | null;
  author: string | null;
  conversation_id: string | null;
  sequence: number | null;
  turn_id: string | null;
  tags: (string)[];
};
export type ArchivalMemoryBatch = {
  items: (ArchivalMemoryImport)[];
};
export type ArchivalMemoryCreate = {
  content: string;
  tags?: (string)[];
};
export type ArchivalMemoryImport = {
  content: string;
  author?: string | null;
  created_at?: Moment | null;
  conversation_id?: IdSX00X1fX7fX9f | null;
  sequence?: number | null;
  tags?: (string)[];
};
export type ArchivalMemoryUpdate = {
  content?: string | null;
  tags?: (string)[] | null;
};
export type AttachmentInfo = {
  filename: string;
  size: number;
};
export type AttachmentUpload = {
  filename: string;
  size?: number;
  content: string;
};
export type BlockContentView = {
  block_name: string;
  lines: (string)[];
  word_count: number;
  word_limit: number;
  capacity_percent: number;
  is_default: boolean;
  version: number;
  updated_at: string | null;
  updated_by: string | null;
  turn_id: string | null;
};
export type BlockCreate = {
  name: string;
  description: string;
  word_limit?: number;
};
export type BlockRestore = {
  version: number;
};
export type BlockUpdate = {
  lines: (string)[];
  version?: number | null;
};
export type BlockVersion = {
  version: number;
  lines: (string)[];
  word_count: number;
  updated_at: string | null;
  updated_by: string | null;
  reason: string | null;
  turn_id: string | null;
};
export type BlockView = {
  block_name: string;
  description: string;
  word_limit: number;
  is_default: boolean;
  word_count: number;
  capacity_percent: number;
  created_at: string;
};
export type CancellationChange = {
  success: true;
  message: string;
  current_period_end: string | null;
};
export type Capabilities = (Label)[] | "devices" | "none";
export type CharacterFile = Record<string, unknown>;
export type CheckoutRequest = {
  planKey: string;
  billingCycle: string;
};
export type ClientId = string;
export type Context = {
  model: string;
  tokens: TurnsContextContextTokens;
  system: string;
  tools: (string)[];
  summary: SummaryView | null;
  messages: (ContextMessage)[];
};
export type ContextMessage = {
  role: LlmTypesRole;
  text: string;
  tools: (string)[];
  tokens: number;
};
export type ContextTokensInput = number;
export type Conversation = {
  conversation_id: string;
  title: string;
  description: string | null;
  agent_id: string;
  created_by: string;
  created_at: string;
  updated_at: string | null;
  turn_count: number;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  reasoning_tokens: number;
  cost: number;
};
export type ConversationCreate = {
  agent_id: Id;
  title?: Title | null;
  description?: Description | null;
};
export type ConversationUpdate = {
  title?: Title | null;
  description?: Description | null;
  agent_id?: Id | null;
};
export type Credentials = {
  username: Username;
  password: GivenPassword;
};
export type DaysToLive = number;
export type Decision = {
  approval_id: string;
  approve: boolean;
  note?: string | null;
};
export type DeletionStarted = {
  message: "Account deletion initiated";
  status: "processing";
};
export type Description = string;
export type Destination = {
  url: string;
};
export type DeviceKeyKind = "device" | "constellation";
export type DeviceUpdate = {
  label?: string | null;
  agent_id?: string | null;
  ask_before_commands?: boolean | null;
  tool_api_key?: string | null;
};
export type DeviceView = {
  client_id: string;
  label: string | null;
  online: boolean;
  platform: string;
  system_info: Record<string, unknown>;
  agent_id: string | null;
  ask_before_commands: boolean;
  has_tool_api_key: boolean;
  session_id: string | null;
  first_seen_at: string;
  last_seen_at: string;
};
export type DispatchCreate = {
  client_id?: string | null;
  request?: string | null;
  task_name?: TaskName;
};
export type Dispatched = {
  status: "dispatched";
  task_name: string;
  client_id: string;
  session_id: string;
};
export type EarlierMessage = {
  role: "user" | "assistant";
  content: string;
  created_at?: Moment | null;
};
export type Env = Record<string, unknown> | null;
export type FormInput = {
  input_type: "text" | "text_area" | "password" | "select" | "choice" | "key_value";
  name: string;
  label: string;
  value: string | null;
  values: (string)[] | null;
  options: (FormOption)[] | null;
  attr: Record<string, string> | null;
};
export type FormOption = {
  value: string;
  label: string;
  when: Record<string, string> | null;
};
export type FormSchema = {
  form_name: string;
  submit_path: string;
  form_inputs: (FormInput)[];
};
export type FoundMemory = {
  memory_id: string;
  content: string;
  content_hash: string;
  created_at: string;
  updated_at: string | null;
  author: string | null;
  conversation_id: string | null;
  sequence: number | null;
  turn_id: string | null;
  tags: (string)[];
  score: number | null;
  highlights: ([number, number])[];
};
export type GivenPassword = string;
export type HealthReport = {
  status: "healthy" | "unhealthy";
  checks: Record<string, "ok" | "failed">;
};
export type Id = string;
export type IdSX00X1fX7fX9f = string;
export type ImagePart = {
  type: "image";
  media_type: string;
  data: string;
};
export type Imported = {
  agent_id: string | null;
  agent_name: string | null;
  blocks: number;
  memories: number;
  conversations: number;
  messages: number;
  agents: (ImportedAgent)[];
  warnings: (string)[];
};
export type ImportedAgent = {
  agent_id: string;
  agent_name: string;
  blocks: number;
  memories: number;
  conversations: number;
  messages: number;
};
export type ImportedBatch = {
  items: (ImportedMemory)[];
};
export type ImportedMemory = {
  memory_id: string;
  created: boolean;
};
export type ImportedMessage = {
  message_id: string;
  created: boolean;
};
export type Info = {
  status: "success";
  data: AgentsOf;
};
export type InfoRequest = {
  api_key?: string | null;
  user_id?: string | number | null;
};
export type Json = Record<string, Json> | (Json)[] | string | number | boolean | null;
export type KeyCreate = {
  name: KeyName;
  kind: DeviceKeyKind;
  client_ids?: (ClientId)[] | null;
};
export type KeyKind = "device" | "constellation" | "program";
export type KeyName = string;
export type KeyScope = "chat" | "agents:read" | "agents:write" | "devices" | "admin";
export type Kind = "agent" | "conversation" | "memory" | "message";
export type Label = string;
export type Limits = {
  agents: number | null;
  messages: number | null;
  kb_pages: number | null;
  memory_blocks: number | null;
};
export type LinkToken = {
  token: string;
};
export type LocalServer = {
  name: ServerName;
  base_url: string;
  models: (ModelInfo)[];
};
export type MessageCreate = {
  content: string;
  attachments?: (AttachmentUpload)[];
};
export type MessagePage = {
  items: (MessageView)[];
  next_cursor: string | null;
  has_more: boolean;
  total_count: null;
  previous_cursor: string | null;
};
export type MessageView = {
  message_id: string;
  conversation_id: string;
  role: MessagesModelsRole;
  content: string;
  created_at: string;
  parts: (Part)[];
  status: Status;
  turn_id: string | null;
  attachments: (AttachmentInfo)[];
  active: boolean;
};
export type MessagesImport = {
  messages: (EarlierMessage)[];
};
export type MessagesImported = {
  items: (ImportedMessage)[];
};
export type Minutes = number;
export type ModelInfo = {
  model_id: string;
  model_name: string;
  display_name: string;
  provider: string;
};
export type Moment = string;
export type MonthUsage = {
  month: string;
  messages: number;
  kb_pages: number;
  tokens: number;
};
export type Name = string;
export type NewAccount = {
  username: Username;
  password: NewPassword;
};
export type NewKey = {
  key_id: string;
  name: string;
  kind: KeyKind;
  client_ids: (string)[] | null;
  scopes: (KeyScope)[];
  hint: string;
  created_by: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  key: string;
};
export type NewPassword = string;
export type OfferedTool = {
  name: string;
  description: string;
  origin: string;
};
export type OlderError = {
  status: "error";
  message: string;
  type: string;
};
export type OnlineClients = {
  online_clients: (string)[];
};
export type Origin = string;
export type Origins = (Origin)[];
export type PageBlockVersion = {
  items: (BlockVersion)[];
  next_cursor: string | null;
  has_more: boolean;
  total_count: null;
};
export type PageConversation = {
  items: (Conversation)[];
  next_cursor: string | null;
  has_more: boolean;
  total_count: null;
};
export type PageFoundMemory = {
  items: (FoundMemory)[];
  next_cursor: string | null;
  has_more: boolean;
  total_count: null;
};
export type PageRecallHit = {
  items: (RecallHit)[];
  next_cursor: string | null;
  has_more: boolean;
  total_count: null;
};
export type PageSessionSummary = {
  items: (SessionSummary)[];
  next_cursor: string | null;
  has_more: boolean;
  total_count: null;
};
export type PageTurnSummary = {
  items: (TurnSummary)[];
  next_cursor: string | null;
  has_more: boolean;
  total_count: null;
};
export type PaidSession = {
  token: string;
  email: string;
  subscription_status: string | null;
};
export type Part = TextPart | ReasoningPart | ImagePart | ToolCall | ToolResult;
export type PasswordChange = {
  current_password: GivenPassword;
  new_password: NewPassword;
};
export type Persona = string;
export type Prices = {
  monthly: string;
  annual: string;
};
export type PricingView = {
  tiers: (TierView)[];
  faqs: (Question)[];
};
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string | Record<string, unknown>;
  path: string | null;
};
export type Profile = {
  email: string;
  name: string;
  picture: string | null;
  has_password: boolean;
  sign_in: SignInWay;
};
export type ProgramKeyCreate = {
  name: KeyName;
  scopes: Scopes;
  expires_in_days?: DaysToLive | null;
};
export type ProgramKeyUpdate = {
  name?: KeyName | null;
  scopes?: Scopes | null;
  expires_in_days?: DaysToLive | null;
};
export type ProviderCheck = {
  ok: boolean;
  models: (ModelInfo)[];
  problem: string | null;
};
export type ProviderForm = {
  form_name: string;
  submit_path: string;
  form_inputs: (FormInput)[];
};
export type ProviderListing = {
  provider_name: string;
  form: ProviderForm;
  is_configured: boolean;
};
export type ProviderStatus = {
  provider_name: string;
  is_configured: boolean;
  created_at: string | null;
  updated_at: string | null;
};
export type Query = {
  api_key?: string | null;
  query: string;
  agent_name: Name;
  extra_tool_key?: string | null;
};
export type Question = {
  question: string;
  answer: string;
};
export type ReasoningPart = {
  type: "reasoning";
  text: string;
  signature: string | null;
};
export type RecallHit = {
  message_id: string;
  conversation_id: string;
  conversation_title: string;
  turn_id: string;
  role: MessagesModelsRole;
  author: string;
  content: string;
  created_at: string;
  score: number;
  highlights: ([number, number])[];
};
export type Received = {
  status: "ok";
};
export type Requester = "device" | "constellation" | "api" | "agent";
export type Scopes = (KeyScope)[];
export type SearchHit = {
  kind: Kind;
  id: string;
  title: string;
  text: string;
  agent_id: string;
  conversation_id: string | null;
  created_at: string;
  score: number;
  highlights: ([number, number])[];
};
export type SearchResults = {
  items: (SearchHit)[];
  partial: boolean;
};
export type ServerName = "Ollama" | "LM Studio" | "llama.cpp";
export type SessionCreate = {
  api_key?: string | null;
  character_file: CharacterFile;
  env_json?: Env;
  multi_agent_main_name?: Name | null;
  multiple_agents_name?: string | null;
};
export type SessionCreated = {
  multi_agent_name: string;
  eliza_response: Record<string, unknown>;
  tools_response: Record<string, unknown>;
};
export type SessionStatus = "queued" | "running" | "waiting" | "completed" | "failed" | "cancelled";
export type SessionSummary = {
  session_id: string;
  client_id: string;
  task_name: string;
  request: string;
  requester: Requester;
  requester_id: string | null;
  status: SessionStatus;
  result: string | null;
  error: string | null;
  model: string | null;
  steps: number;
  approval: Approval | null;
  usage: Usage;
  created_at: string;
  finished_at: string | null;
};
export type SessionView = {
  session_id: string;
  client_id: string;
  task_name: string;
  request: string;
  requester: Requester;
  requester_id: string | null;
  status: SessionStatus;
  result: string | null;
  error: string | null;
  model: string | null;
  steps: number;
  approval: Approval | null;
  usage: Usage;
  created_at: string;
  finished_at: string | null;
  parts: (Part)[];
};
export type SignInMethods = {
  local_accounts: boolean;
  google: boolean;
  link: boolean;
};
export type SignInWay = "local" | "google" | "link";
export type SignedIn = {
  token: string;
  email: string;
  name: string;
};
export type Status = "running" | "complete" | "failed" | "cancelled";
export type StepRecord = {
  model: string;
  usage: Usage;
  model_ms: number;
  tools_ms: number;
  calls: (ToolUse)[];
};
export type SubscriptionStatus = {
  tier: string;
  status: string | null;
  current_period_start: string | null;
  current_period_end: string | null;
  is_active: boolean;
  cancel_at_period_end: boolean | null;
};
export type SummaryView = {
  text: string;
  messages: number;
  first_at: string;
  upto_at: string;
  model: string;
};
export type TaskDone = {
  status: "done";
  result: unknown;
};
export type TaskFailed = {
  status: "done";
  result: unknown;
  error: string;
};
export type TaskName = string;
export type TaskPending = {
  status: "pending";
};
export type TaskResult = TaskFailed | TaskDone | TaskPending;
export type TemplateIcon = "heart" | "book" | "pen" | "school" | "device";
export type TemplateValues = {
  agent_name: Name;
  agent_architecture: string;
  agent_persona: Persona;
  capabilities: (string)[];
};
export type TextPart = {
  type: "text";
  text: string;
};
export type TierView = {
  name: string;
  badge: string | null;
  description: string;
  prices: Prices;
  planKey: string | null;
  ctaLabel: string;
  ctaHref: string;
  highlighted: boolean;
  features: (string)[];
};
export type Title = string;
export type ToolCall = {
  type: "tool_call";
  call_id: string;
  name: string;
  arguments: Record<string, unknown> | null;
};
export type ToolResult = {
  type: "tool_result";
  call_id: string;
  name: string;
  text: string;
  success: boolean;
};
export type ToolUse = {
  call_id: string;
  name: string;
  success: boolean | null;
  ms: number | null;
};
export type TurnStatus = "queued" | "running" | "complete" | "failed" | "cancelled";
export type TurnSummary = {
  turn_id: string;
  conversation_id: string;
  agent_id: string;
  question_id: string;
  answer_id: string | null;
  status: TurnStatus;
  attempt: number;
  error: string | null;
  model: string | null;
  steps: number;
  usage: Usage;
  cost: number | null;
  first_token_ms: number | null;
  tools_ms: number;
  started_at: string;
  finished_at: string | null;
  last_seq: number | null;
};
export type TurnView = {
  turn_id: string;
  conversation_id: string;
  agent_id: string;
  question_id: string;
  answer_id: string | null;
  status: TurnStatus;
  attempt: number;
  error: string | null;
  model: string | null;
  steps: number;
  usage: Usage;
  cost: number | null;
  first_token_ms: number | null;
  tools_ms: number;
  started_at: string;
  finished_at: string | null;
  last_seq: number | null;
  step_log: (StepRecord)[];
};
export type Usage = {
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  reasoning_tokens: number;
};
export type UsageSummary = {
  tier: string;
  plan: string;
  enforced: boolean;
  limits: Limits;
  used: Used;
  resets_at: string;
  upgrade_url: string;
  months: (MonthUsage)[];
};
export type Used = {
  month: string;
  messages: number;
  kb_pages: number;
  tokens: number;
  agents: number;
};
export type Username = string;
export type VisitorProfile = {
  visitor_id: string;
  email: string | null;
  name: string;
  picture: string | null;
};
export type VisitorSignedIn = {
  access_token: string;
  token_type: "bearer";
  expires_in: number;
  visitor: VisitorProfile;
};
export type Welcome = string;
export type WidgetConfig = {
  agent_name: string;
  agent_id: string;
  welcome_message: string | null;
  theme: Record<string, string>;
  anonymous: boolean;
  google: boolean;
};
export type WidgetConversation = {
  conversation_id: string;
  agent_id: string;
  visitor_id: string;
  visitor_name: string;
  title: string;
  created_at: string;
  updated_at: string | null;
  message_count: number;
};
export type WidgetConversationCreate = {
  title?: Title;
};
export type WidgetKey = {
  key_id: string;
  agent_id: string;
  public_key: string;
  name: string;
  allowed_origins: (string)[];
  allow_anonymous: boolean;
  welcome_message: string | null;
  is_active: boolean;
  created_by: string;
  created_at: string;
  last_used_at: string | null;
  request_count: number;
};
export type WidgetKeyCreate = {
  name: KeyName;
  allowed_origins?: Origins;
  allow_anonymous?: boolean;
  welcome_message?: Welcome | null;
};
export type WidgetKeyUpdate = {
  name?: KeyName | null;
  allowed_origins?: Origins | null;
  allow_anonymous?: boolean | null;
  welcome_message?: Welcome | null;
  is_active?: boolean | null;
};
export type WidgetMessage = {
  message_id: string;
  role: MessagesModelsRole;
  content: string;
  created_at: string;
};
export type WidgetMessageCreate = {
  content: string;
};
export type LlmCatalogContextTokens = number;
export type LlmTypesRole = "user" | "assistant";
export type MessagesModelsRole = "user" | "assistant" | "system";
export type TurnsContextContextTokens = {
  window: number;
  kept_for_the_answer: number;
  system: number;
  tools: number;
  summary: number;
  relevant_past: number;
  messages: number;
  free: number;
};
